;; Integer dot products of quantised rows with quantised queries. quantized_products_wasm.ts holds the module:
;;   npx -p wabt@1.0.39 wat2wasm --enable-multi-memory --enable-relaxed-simd --enable-threads \
;;     quantized_products.wat -o quantized_products.wasm && base64 -w0 quantized_products.wasm
;;
;; Rows lie one after another, `length` bytes each, four to a group, in a memory that threads can share; queries,
;; 16-bit, and products, 32-bit, in one of the thread's own. D is a multiple of 32: rows and queries end in zeros.
;; Integers are summed without rounding; the range of a query's numbers keeps every sum within 32 bits.
(module
  (import "memory" "rows" (memory $rows 1 65536 shared))
  (import "memory" "scratch" (memory $scratch 1))

  ;; One query with rows of 8-bit numbers: `groups` x 4 products.
  (func (export "int8")
    (param $x0 i32) (param $groups i32) (param $length i32) (param $query i32) (param $out i32)
    (local $end i32) (local $y i32) (local $x1 i32) (local $x2 i32) (local $x3 i32)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (local $a v128) (local $b v128)
    (block $done (loop $group
      (br_if $done (i32.eqz (local.get $groups)))
      (local.set $s0 (v128.const i64x2 0 0))
      (local.set $s1 (v128.const i64x2 0 0))
      (local.set $s2 (v128.const i64x2 0 0))
      (local.set $s3 (v128.const i64x2 0 0))
      (local.set $x1 (i32.add (local.get $x0) (local.get $length)))
      (local.set $x2 (i32.add (local.get $x1) (local.get $length)))
      (local.set $x3 (i32.add (local.get $x2) (local.get $length)))
      (local.set $end (local.get $x1))
      (local.set $y (local.get $query))
      (loop $columns
        (local.set $a (v128.load $scratch (local.get $y)))
        (local.set $b (v128.load $scratch offset=16 (local.get $y)))
        (local.set $s0 (i32x4.add (local.get $s0) (i32x4.add
          (i32x4.dot_i16x8_s (local.get $a) (v128.load8x8_s $rows (local.get $x0)))
          (i32x4.dot_i16x8_s (local.get $b) (v128.load8x8_s $rows offset=8 (local.get $x0))))))
        (local.set $x0 (i32.add (local.get $x0) (i32.const 16)))
        (local.set $s1 (i32x4.add (local.get $s1) (i32x4.add
          (i32x4.dot_i16x8_s (local.get $a) (v128.load8x8_s $rows (local.get $x1)))
          (i32x4.dot_i16x8_s (local.get $b) (v128.load8x8_s $rows offset=8 (local.get $x1))))))
        (local.set $x1 (i32.add (local.get $x1) (i32.const 16)))
        (local.set $s2 (i32x4.add (local.get $s2) (i32x4.add
          (i32x4.dot_i16x8_s (local.get $a) (v128.load8x8_s $rows (local.get $x2)))
          (i32x4.dot_i16x8_s (local.get $b) (v128.load8x8_s $rows offset=8 (local.get $x2))))))
        (local.set $x2 (i32.add (local.get $x2) (i32.const 16)))
        (local.set $s3 (i32x4.add (local.get $s3) (i32x4.add
          (i32x4.dot_i16x8_s (local.get $a) (v128.load8x8_s $rows (local.get $x3)))
          (i32x4.dot_i16x8_s (local.get $b) (v128.load8x8_s $rows offset=8 (local.get $x3))))))
        (local.set $x3 (i32.add (local.get $x3) (i32.const 16)))
        (local.set $y (i32.add (local.get $y) (i32.const 32)))
        (br_if $columns (i32.lt_u (local.get $x0) (local.get $end))))
      ;; the sums of the four rows: transposed and added
      (local.set $a (i32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $s0) (local.get $s1))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $s0) (local.get $s1))))
      (local.set $b (i32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $s2) (local.get $s3))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $s2) (local.get $s3))))
      (v128.store $scratch (local.get $out) (i32x4.add
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a) (local.get $b))
        (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a) (local.get $b))))
      (local.set $x0 (local.get $x3))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (local.set $groups (i32.sub (local.get $groups) (i32.const 1)))
      (br $group))))

  ;; One query with rows of 4-bit codes: `groups` x 4 products. A byte holds the codes of columns n and n + 16 of 32,
  ;; the first in its lower half; scratch has the 16 numbers from 0 to 127 that they stand for at `levels`. A query is in two
  ;; halves: of 32 columns the upper bytes, then the lower ones, both signed: 256 upper + lower. A level has 7 bits, so that
  ;; the result of the relaxed product does not depend on the machine.
  (func (export "int4")
    (param $x0 i32) (param $groups i32) (param $length i32) (param $query i32) (param $levels i32)
    (param $out i32)
    (local $end i32) (local $y i32) (local $x1 i32) (local $x2 i32) (local $x3 i32)
    (local $h0 v128) (local $h1 v128) (local $h2 v128) (local $h3 v128)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (local $a v128) (local $b v128) (local $level v128) (local $low v128)
    (local.set $level (v128.load $scratch (local.get $levels)))
    (local.set $low (i8x16.splat (i32.const 15)))
    (block $done (loop $group
      (br_if $done (i32.eqz (local.get $groups)))
      (local.set $h0 (v128.const i64x2 0 0))
      (local.set $s0 (v128.const i64x2 0 0))
      (local.set $h1 (v128.const i64x2 0 0))
      (local.set $s1 (v128.const i64x2 0 0))
      (local.set $h2 (v128.const i64x2 0 0))
      (local.set $s2 (v128.const i64x2 0 0))
      (local.set $h3 (v128.const i64x2 0 0))
      (local.set $s3 (v128.const i64x2 0 0))
      (local.set $x1 (i32.add (local.get $x0) (local.get $length)))
      (local.set $x2 (i32.add (local.get $x1) (local.get $length)))
      (local.set $x3 (i32.add (local.get $x2) (local.get $length)))
      (local.set $end (local.get $x1))
      (local.set $y (local.get $query))
      (loop $columns
        (local.set $b (v128.load $rows (local.get $x0)))
        (local.set $a (i8x16.relaxed_swizzle (local.get $level) (v128.and (local.get $b) (local.get $low))))
        (local.set $b (i8x16.relaxed_swizzle (local.get $level)
          (v128.and (i16x8.shr_u (local.get $b) (i32.const 4)) (local.get $low))))
        (local.set $h0 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch (local.get $y)) (local.get $a) (local.get $h0)))
        (local.set $h0 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch offset=16 (local.get $y)) (local.get $b) (local.get $h0)))
        (local.set $s0 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch offset=32 (local.get $y)) (local.get $a) (local.get $s0)))
        (local.set $s0 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch offset=48 (local.get $y)) (local.get $b) (local.get $s0)))
        (local.set $x0 (i32.add (local.get $x0) (i32.const 16)))
        (local.set $b (v128.load $rows (local.get $x1)))
        (local.set $a (i8x16.relaxed_swizzle (local.get $level) (v128.and (local.get $b) (local.get $low))))
        (local.set $b (i8x16.relaxed_swizzle (local.get $level)
          (v128.and (i16x8.shr_u (local.get $b) (i32.const 4)) (local.get $low))))
        (local.set $h1 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch (local.get $y)) (local.get $a) (local.get $h1)))
        (local.set $h1 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch offset=16 (local.get $y)) (local.get $b) (local.get $h1)))
        (local.set $s1 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch offset=32 (local.get $y)) (local.get $a) (local.get $s1)))
        (local.set $s1 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch offset=48 (local.get $y)) (local.get $b) (local.get $s1)))
        (local.set $x1 (i32.add (local.get $x1) (i32.const 16)))
        (local.set $b (v128.load $rows (local.get $x2)))
        (local.set $a (i8x16.relaxed_swizzle (local.get $level) (v128.and (local.get $b) (local.get $low))))
        (local.set $b (i8x16.relaxed_swizzle (local.get $level)
          (v128.and (i16x8.shr_u (local.get $b) (i32.const 4)) (local.get $low))))
        (local.set $h2 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch (local.get $y)) (local.get $a) (local.get $h2)))
        (local.set $h2 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch offset=16 (local.get $y)) (local.get $b) (local.get $h2)))
        (local.set $s2 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch offset=32 (local.get $y)) (local.get $a) (local.get $s2)))
        (local.set $s2 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch offset=48 (local.get $y)) (local.get $b) (local.get $s2)))
        (local.set $x2 (i32.add (local.get $x2) (i32.const 16)))
        (local.set $b (v128.load $rows (local.get $x3)))
        (local.set $a (i8x16.relaxed_swizzle (local.get $level) (v128.and (local.get $b) (local.get $low))))
        (local.set $b (i8x16.relaxed_swizzle (local.get $level)
          (v128.and (i16x8.shr_u (local.get $b) (i32.const 4)) (local.get $low))))
        (local.set $h3 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch (local.get $y)) (local.get $a) (local.get $h3)))
        (local.set $h3 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch offset=16 (local.get $y)) (local.get $b) (local.get $h3)))
        (local.set $s3 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch offset=32 (local.get $y)) (local.get $a) (local.get $s3)))
        (local.set $s3 (i32x4.relaxed_dot_i8x16_i7x16_add_s
          (v128.load $scratch offset=48 (local.get $y)) (local.get $b) (local.get $s3)))
        (local.set $x3 (i32.add (local.get $x3) (i32.const 16)))
        (local.set $y (i32.add (local.get $y) (i32.const 64)))
        (br_if $columns (i32.lt_u (local.get $x0) (local.get $end))))
      (local.set $s0 (i32x4.add (local.get $s0) (i32x4.shl (local.get $h0) (i32.const 8))))
      (local.set $s1 (i32x4.add (local.get $s1) (i32x4.shl (local.get $h1) (i32.const 8))))
      (local.set $s2 (i32x4.add (local.get $s2) (i32x4.shl (local.get $h2) (i32.const 8))))
      (local.set $s3 (i32x4.add (local.get $s3) (i32x4.shl (local.get $h3) (i32.const 8))))
      ;; the sums of the four rows: transposed and added
      (local.set $a (i32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $s0) (local.get $s1))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $s0) (local.get $s1))))
      (local.set $b (i32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $s2) (local.get $s3))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $s2) (local.get $s3))))
      (v128.store $scratch (local.get $out) (i32x4.add
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a) (local.get $b))
        (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a) (local.get $b))))
      (local.set $x0 (local.get $x3))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (local.set $groups (i32.sub (local.get $groups) (i32.const 1)))
      (br $group)))))
