;; The two passes of lib/images/resample.ts, sixteen bytes at a time. resample_wasm.ts holds the module:
;;   npx -p wabt@1.0.39 wat2wasm resample.wat -o /dev/stdout | base64 -w0
;; Sums are 22-bit fixed point in 32-bit integers, as there: every byte is the same.
(module
  (memory (export "memory") 1)

  ;; Rows of RGB pixels -> rows of `outputs` pixels. Reads one byte after a row's end, writes one too.
  (func (export "horizontal")
    (param $source i32) (param $step i32) (param $rows i32)
    (param $starts i32) (param $counts i32) (param $weights i32) (param $stride i32)
    (param $outputs i32) (param $out i32)
    (local $x i32) (local $from i32) (local $tap i32) (local $end i32) (local $sum v128)
    (block $done (loop $row
      (br_if $done (i32.eqz (local.get $rows)))
      (local.set $x (i32.const 0))
      (loop $column
        (local.set $from (i32.add (local.get $source)
          (i32.mul (i32.const 3) (i32.load (i32.add (local.get $starts)
            (i32.shl (local.get $x) (i32.const 2)))))))
        (local.set $tap (i32.add (local.get $weights)
          (i32.shl (i32.mul (local.get $x) (local.get $stride)) (i32.const 2))))
        (local.set $end (i32.add (local.get $tap)
          (i32.shl (i32.load (i32.add (local.get $counts)
            (i32.shl (local.get $x) (i32.const 2)))) (i32.const 2))))
        (local.set $sum (i32x4.splat (i32.const 2097152)))
        (loop $taps
          (local.set $sum (i32x4.add (local.get $sum) (i32x4.mul
            (v128.load32_splat (local.get $tap))
            (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u
              (v128.load32_zero (local.get $from)))))))
          (local.set $from (i32.add (local.get $from) (i32.const 3)))
          (local.set $tap (i32.add (local.get $tap) (i32.const 4)))
          (br_if $taps (i32.lt_u (local.get $tap) (local.get $end))))
        (local.set $sum (i32x4.shr_s (local.get $sum) (i32.const 22)))
        (local.set $sum (i16x8.narrow_i32x4_s (local.get $sum) (local.get $sum)))
        (v128.store32_lane 0 (local.get $out)
          (i8x16.narrow_i16x8_u (local.get $sum) (local.get $sum)))
        (local.set $out (i32.add (local.get $out) (i32.const 3)))
        (local.set $x (i32.add (local.get $x) (i32.const 1)))
        (br_if $column (i32.lt_u (local.get $x) (local.get $outputs))))
      (local.set $source (i32.add (local.get $source) (local.get $step)))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br $row))))

  ;; Rows of `length` bytes -> `outputs` such rows. Reads and writes up to 15 bytes after a row's end.
  (func (export "vertical")
    (param $data i32) (param $length i32)
    (param $starts i32) (param $counts i32) (param $weights i32) (param $stride i32)
    (param $outputs i32) (param $out i32)
    (local $x i32) (local $from i32) (local $tap i32) (local $end i32) (local $base i32)
    (local $w v128) (local $b v128) (local $h v128)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (block $done (loop $row
      (br_if $done (i32.eqz (local.get $outputs)))
      (local.set $base (i32.add (local.get $data)
        (i32.mul (local.get $length) (i32.load (local.get $starts)))))
      (local.set $end (i32.add (local.get $weights)
        (i32.shl (i32.load (local.get $counts)) (i32.const 2))))
      (local.set $x (i32.const 0))
      (loop $bytes
        (local.set $from (i32.add (local.get $base) (local.get $x)))
        (local.set $tap (local.get $weights))
        (local.set $s0 (i32x4.splat (i32.const 2097152)))
        (local.set $s1 (local.get $s0))
        (local.set $s2 (local.get $s0))
        (local.set $s3 (local.get $s0))
        (loop $taps
          (local.set $w (v128.load32_splat (local.get $tap)))
          (local.set $b (v128.load (local.get $from)))
          (local.set $h (i16x8.extend_low_i8x16_u (local.get $b)))
          (local.set $s0 (i32x4.add (local.get $s0)
            (i32x4.mul (local.get $w) (i32x4.extend_low_i16x8_u (local.get $h)))))
          (local.set $s1 (i32x4.add (local.get $s1)
            (i32x4.mul (local.get $w) (i32x4.extend_high_i16x8_u (local.get $h)))))
          (local.set $h (i16x8.extend_high_i8x16_u (local.get $b)))
          (local.set $s2 (i32x4.add (local.get $s2)
            (i32x4.mul (local.get $w) (i32x4.extend_low_i16x8_u (local.get $h)))))
          (local.set $s3 (i32x4.add (local.get $s3)
            (i32x4.mul (local.get $w) (i32x4.extend_high_i16x8_u (local.get $h)))))
          (local.set $from (i32.add (local.get $from) (local.get $length)))
          (local.set $tap (i32.add (local.get $tap) (i32.const 4)))
          (br_if $taps (i32.lt_u (local.get $tap) (local.get $end))))
        (v128.store (i32.add (local.get $out) (local.get $x))
          (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (local.get $s0) (i32.const 22))
              (i32x4.shr_s (local.get $s1) (i32.const 22)))
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (local.get $s2) (i32.const 22))
              (i32x4.shr_s (local.get $s3) (i32.const 22)))))
        (local.set $x (i32.add (local.get $x) (i32.const 16)))
        (br_if $bytes (i32.lt_u (local.get $x) (local.get $length))))
      (local.set $out (i32.add (local.get $out) (local.get $length)))
      (local.set $starts (i32.add (local.get $starts) (i32.const 4)))
      (local.set $counts (i32.add (local.get $counts) (i32.const 4)))
      (local.set $weights (i32.add (local.get $weights)
        (i32.shl (local.get $stride) (i32.const 2))))
      (local.set $outputs (i32.sub (local.get $outputs) (i32.const 1)))
      (br $row)))))
