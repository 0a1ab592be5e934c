;; Dot products of float32 rows with queries, summed in float64, and estimates of them, summed in float32.
;; dot_products_wasm.ts holds the module:
;;   npx -p wabt@1.0.39 wat2wasm --enable-multi-memory --enable-relaxed-simd --enable-threads \
;;     dot_products.wat -o dot_products.wasm && base64 -w0 dot_products.wasm
;;
;; Rows lie in panels of eight, column by column, (⌈R/8⌉, D, 8), in a memory that threads can share; queries (Q, D)
;; and products, both float64 but for estimates, in one of the thread's own. D is a multiple of 4: rows and queries end in
;; zeros.
;; Each product is summed over D in order by itself, so that it depends on nothing but its two vectors. The product
;; of two float32 is exact in float64: it makes no difference whether relaxed_madd fuses.
(module
  (import "memory" "rows" (memory $rows 1 65536 shared))
  (import "memory" "scratch" (memory $scratch 1))

  ;; Rows as they come, `stride` bytes each, from scratch -> panels. `length`: bytes of a panel, 32 D.
  (func (export "pack")
    (param $from i32) (param $stride i32) (param $panels i32) (param $length i32) (param $to i32)
    (local $half i32) (local $x0 i32) (local $x1 i32) (local $x2 i32) (local $x3 i32)
    (local $y i32) (local $end i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $e v128) (local $f v128) (local $g v128) (local $h v128)
    (block $done (loop $panel
      (br_if $done (i32.eqz (local.get $panels)))
      (local.set $half (i32.const 0))
      (loop $rows
        (local.set $x0 (local.get $from))
        (local.set $x1 (i32.add (local.get $x0) (local.get $stride)))
        (local.set $x2 (i32.add (local.get $x1) (local.get $stride)))
        (local.set $x3 (i32.add (local.get $x2) (local.get $stride)))
        (local.set $y (i32.add (local.get $to) (local.get $half)))
        (local.set $end (i32.add (local.get $y) (local.get $length)))
        (loop $columns
          (local.set $a (v128.load $scratch (local.get $x0)))
          (local.set $b (v128.load $scratch (local.get $x1)))
          (local.set $c (v128.load $scratch (local.get $x2)))
          (local.set $d (v128.load $scratch (local.get $x3)))
          (local.set $e (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
            (local.get $a) (local.get $b)))
          (local.set $f (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
            (local.get $a) (local.get $b)))
          (local.set $g (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
            (local.get $c) (local.get $d)))
          (local.set $h (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
            (local.get $c) (local.get $d)))
          (v128.store $rows (local.get $y)
            (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
              (local.get $e) (local.get $g)))
          (v128.store $rows offset=32 (local.get $y)
            (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
              (local.get $e) (local.get $g)))
          (v128.store $rows offset=64 (local.get $y)
            (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
              (local.get $f) (local.get $h)))
          (v128.store $rows offset=96 (local.get $y)
            (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
              (local.get $f) (local.get $h)))
          (local.set $x0 (i32.add (local.get $x0) (i32.const 16)))
          (local.set $x1 (i32.add (local.get $x1) (i32.const 16)))
          (local.set $x2 (i32.add (local.get $x2) (i32.const 16)))
          (local.set $x3 (i32.add (local.get $x3) (i32.const 16)))
          (local.set $y (i32.add (local.get $y) (i32.const 128)))
          (br_if $columns (i32.lt_u (local.get $y) (local.get $end))))
        (local.set $from (i32.add (local.get $from) (i32.shl (local.get $stride) (i32.const 2))))
        (local.set $half (i32.add (local.get $half) (i32.const 16)))
        (br_if $rows (i32.eq (local.get $half) (i32.const 16))))
      (local.set $to (i32.add (local.get $to) (local.get $length)))
      (local.set $panels (i32.sub (local.get $panels) (i32.const 1)))
      (br $panel))))

  ;; One query with rows: `panels` x 8 products. A sum waits for the one before it, so panels of the first and of the
  ;; second half are summed side by side: two runs of memory, each read in order. Of an odd number, both halves have the
  ;; middle one.
  (func (export "one")
    (param $x i32) (param $panels i32) (param $length i32) (param $query i32) (param $out i32)
    (local $y i32) (local $far i32) (local $left i32) (local $end i32) (local $q0 i32) (local $w v128)
    (local $s00 v128) (local $s01 v128) (local $s02 v128) (local $s03 v128)
    (local $s10 v128) (local $s11 v128) (local $s12 v128) (local $s13 v128)
    (local.set $left (i32.shr_u (i32.add (local.get $panels) (i32.const 1)) (i32.const 1)))
    (local.set $far (i32.sub (local.get $panels) (local.get $left)))
    (local.set $y (i32.add (local.get $x) (i32.mul (local.get $far) (local.get $length))))
    (local.set $far (i32.add (local.get $out) (i32.shl (local.get $far) (i32.const 6))))
    (block $done (loop $pair
      (br_if $done (i32.eqz (local.get $left)))
      (local.set $s00 (v128.const i64x2 0 0))
      (local.set $s01 (v128.const i64x2 0 0))
      (local.set $s02 (v128.const i64x2 0 0))
      (local.set $s03 (v128.const i64x2 0 0))
      (local.set $s10 (v128.const i64x2 0 0))
      (local.set $s11 (v128.const i64x2 0 0))
      (local.set $s12 (v128.const i64x2 0 0))
      (local.set $s13 (v128.const i64x2 0 0))
      (local.set $q0 (local.get $query))
      (local.set $end (i32.add (local.get $x) (local.get $length)))
      (loop $columns
        ;; column 0 of four
        (local.set $w (v128.load64_splat $scratch offset=0 (local.get $q0)))
        (local.set $s00 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=0 (local.get $x))) (local.get $w) (local.get $s00)))
        (local.set $s01 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=8 (local.get $x))) (local.get $w) (local.get $s01)))
        (local.set $s02 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=16 (local.get $x))) (local.get $w) (local.get $s02)))
        (local.set $s03 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=24 (local.get $x))) (local.get $w) (local.get $s03)))
        (local.set $s10 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=0 (local.get $y))) (local.get $w) (local.get $s10)))
        (local.set $s11 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=8 (local.get $y))) (local.get $w) (local.get $s11)))
        (local.set $s12 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=16 (local.get $y))) (local.get $w) (local.get $s12)))
        (local.set $s13 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=24 (local.get $y))) (local.get $w) (local.get $s13)))
        ;; column 1 of four
        (local.set $w (v128.load64_splat $scratch offset=8 (local.get $q0)))
        (local.set $s00 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=32 (local.get $x))) (local.get $w) (local.get $s00)))
        (local.set $s01 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=40 (local.get $x))) (local.get $w) (local.get $s01)))
        (local.set $s02 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=48 (local.get $x))) (local.get $w) (local.get $s02)))
        (local.set $s03 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=56 (local.get $x))) (local.get $w) (local.get $s03)))
        (local.set $s10 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=32 (local.get $y))) (local.get $w) (local.get $s10)))
        (local.set $s11 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=40 (local.get $y))) (local.get $w) (local.get $s11)))
        (local.set $s12 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=48 (local.get $y))) (local.get $w) (local.get $s12)))
        (local.set $s13 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=56 (local.get $y))) (local.get $w) (local.get $s13)))
        ;; column 2 of four
        (local.set $w (v128.load64_splat $scratch offset=16 (local.get $q0)))
        (local.set $s00 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=64 (local.get $x))) (local.get $w) (local.get $s00)))
        (local.set $s01 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=72 (local.get $x))) (local.get $w) (local.get $s01)))
        (local.set $s02 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=80 (local.get $x))) (local.get $w) (local.get $s02)))
        (local.set $s03 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=88 (local.get $x))) (local.get $w) (local.get $s03)))
        (local.set $s10 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=64 (local.get $y))) (local.get $w) (local.get $s10)))
        (local.set $s11 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=72 (local.get $y))) (local.get $w) (local.get $s11)))
        (local.set $s12 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=80 (local.get $y))) (local.get $w) (local.get $s12)))
        (local.set $s13 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=88 (local.get $y))) (local.get $w) (local.get $s13)))
        ;; column 3 of four
        (local.set $w (v128.load64_splat $scratch offset=24 (local.get $q0)))
        (local.set $s00 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=96 (local.get $x))) (local.get $w) (local.get $s00)))
        (local.set $s01 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=104 (local.get $x))) (local.get $w) (local.get $s01)))
        (local.set $s02 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=112 (local.get $x))) (local.get $w) (local.get $s02)))
        (local.set $s03 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=120 (local.get $x))) (local.get $w) (local.get $s03)))
        (local.set $s10 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=96 (local.get $y))) (local.get $w) (local.get $s10)))
        (local.set $s11 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=104 (local.get $y))) (local.get $w) (local.get $s11)))
        (local.set $s12 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=112 (local.get $y))) (local.get $w) (local.get $s12)))
        (local.set $s13 (f64x2.relaxed_madd (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=120 (local.get $y))) (local.get $w) (local.get $s13)))
        (local.set $x (i32.add (local.get $x) (i32.const 128)))
        (local.set $y (i32.add (local.get $y) (i32.const 128)))
        (local.set $q0 (i32.add (local.get $q0) (i32.const 32)))
        (br_if $columns (i32.lt_u (local.get $x) (local.get $end))))
      (v128.store $scratch (local.get $out) (local.get $s00))
      (v128.store $scratch offset=16 (local.get $out) (local.get $s01))
      (v128.store $scratch offset=32 (local.get $out) (local.get $s02))
      (v128.store $scratch offset=48 (local.get $out) (local.get $s03))
      (v128.store $scratch (local.get $far) (local.get $s10))
      (v128.store $scratch offset=16 (local.get $far) (local.get $s11))
      (v128.store $scratch offset=32 (local.get $far) (local.get $s12))
      (v128.store $scratch offset=48 (local.get $far) (local.get $s13))
      (local.set $out (i32.add (local.get $out) (i32.const 64)))
      (local.set $far (i32.add (local.get $far) (i32.const 64)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br $pair))))

  ;; The same in float32, of a query in float32, even and odd columns apart: `panels` x 8 estimates of the products.
  ;; Their error has a bound, see `estimateError`.
  (func (export "estimate")
    (param $x i32) (param $panels i32) (param $length i32) (param $query i32) (param $out i32)
    (local $y i32) (local $far i32) (local $left i32) (local $end i32) (local $q0 i32) (local $w v128)
    (local $s00 v128) (local $s01 v128) (local $s02 v128) (local $s03 v128)
    (local $s10 v128) (local $s11 v128) (local $s12 v128) (local $s13 v128)
    (local.set $left (i32.shr_u (i32.add (local.get $panels) (i32.const 1)) (i32.const 1)))
    (local.set $far (i32.sub (local.get $panels) (local.get $left)))
    (local.set $y (i32.add (local.get $x) (i32.mul (local.get $far) (local.get $length))))
    (local.set $far (i32.add (local.get $out) (i32.shl (local.get $far) (i32.const 5))))
    (block $done (loop $pair
      (br_if $done (i32.eqz (local.get $left)))
      (local.set $s00 (v128.const f32x4 0 0 0 0))
      (local.set $s01 (v128.const f32x4 0 0 0 0))
      (local.set $s02 (v128.const f32x4 0 0 0 0))
      (local.set $s03 (v128.const f32x4 0 0 0 0))
      (local.set $s10 (v128.const f32x4 0 0 0 0))
      (local.set $s11 (v128.const f32x4 0 0 0 0))
      (local.set $s12 (v128.const f32x4 0 0 0 0))
      (local.set $s13 (v128.const f32x4 0 0 0 0))
      (local.set $q0 (local.get $query))
      (local.set $end (i32.add (local.get $x) (local.get $length)))
      (loop $columns
        ;; column 0 of four
        (local.set $w (v128.load32_splat $scratch offset=0 (local.get $q0)))
        (local.set $s00 (f32x4.relaxed_madd
          (v128.load $rows offset=0 (local.get $x)) (local.get $w) (local.get $s00)))
        (local.set $s01 (f32x4.relaxed_madd
          (v128.load $rows offset=16 (local.get $x)) (local.get $w) (local.get $s01)))
        (local.set $s10 (f32x4.relaxed_madd
          (v128.load $rows offset=0 (local.get $y)) (local.get $w) (local.get $s10)))
        (local.set $s11 (f32x4.relaxed_madd
          (v128.load $rows offset=16 (local.get $y)) (local.get $w) (local.get $s11)))
        ;; column 1 of four
        (local.set $w (v128.load32_splat $scratch offset=4 (local.get $q0)))
        (local.set $s02 (f32x4.relaxed_madd
          (v128.load $rows offset=32 (local.get $x)) (local.get $w) (local.get $s02)))
        (local.set $s03 (f32x4.relaxed_madd
          (v128.load $rows offset=48 (local.get $x)) (local.get $w) (local.get $s03)))
        (local.set $s12 (f32x4.relaxed_madd
          (v128.load $rows offset=32 (local.get $y)) (local.get $w) (local.get $s12)))
        (local.set $s13 (f32x4.relaxed_madd
          (v128.load $rows offset=48 (local.get $y)) (local.get $w) (local.get $s13)))
        ;; column 2 of four
        (local.set $w (v128.load32_splat $scratch offset=8 (local.get $q0)))
        (local.set $s00 (f32x4.relaxed_madd
          (v128.load $rows offset=64 (local.get $x)) (local.get $w) (local.get $s00)))
        (local.set $s01 (f32x4.relaxed_madd
          (v128.load $rows offset=80 (local.get $x)) (local.get $w) (local.get $s01)))
        (local.set $s10 (f32x4.relaxed_madd
          (v128.load $rows offset=64 (local.get $y)) (local.get $w) (local.get $s10)))
        (local.set $s11 (f32x4.relaxed_madd
          (v128.load $rows offset=80 (local.get $y)) (local.get $w) (local.get $s11)))
        ;; column 3 of four
        (local.set $w (v128.load32_splat $scratch offset=12 (local.get $q0)))
        (local.set $s02 (f32x4.relaxed_madd
          (v128.load $rows offset=96 (local.get $x)) (local.get $w) (local.get $s02)))
        (local.set $s03 (f32x4.relaxed_madd
          (v128.load $rows offset=112 (local.get $x)) (local.get $w) (local.get $s03)))
        (local.set $s12 (f32x4.relaxed_madd
          (v128.load $rows offset=96 (local.get $y)) (local.get $w) (local.get $s12)))
        (local.set $s13 (f32x4.relaxed_madd
          (v128.load $rows offset=112 (local.get $y)) (local.get $w) (local.get $s13)))
        (local.set $x (i32.add (local.get $x) (i32.const 128)))
        (local.set $y (i32.add (local.get $y) (i32.const 128)))
        (local.set $q0 (i32.add (local.get $q0) (i32.const 16)))
        (br_if $columns (i32.lt_u (local.get $x) (local.get $end))))
      (v128.store $scratch (local.get $out)
        (f32x4.add (local.get $s00) (local.get $s02)))
      (v128.store $scratch offset=16 (local.get $out)
        (f32x4.add (local.get $s01) (local.get $s03)))
      (v128.store $scratch (local.get $far)
        (f32x4.add (local.get $s10) (local.get $s12)))
      (v128.store $scratch offset=16 (local.get $far)
        (f32x4.add (local.get $s11) (local.get $s13)))
      (local.set $out (i32.add (local.get $out) (i32.const 32)))
      (local.set $far (i32.add (local.get $far) (i32.const 32)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br $pair))))

  ;; Two queries, `step` bytes apart, with rows: two times `panels` x 8 products, `stride` bytes apart.
  (func (export "two")
    (param $x i32) (param $panels i32) (param $length i32) (param $query i32) (param $step i32)
    (param $out i32) (param $stride i32)
    (local $end i32) (local $q0 i32) (local $q1 i32) (local $w v128)
    (local $x0 v128) (local $x1 v128) (local $x2 v128) (local $x3 v128)
    (local $s00 v128) (local $s01 v128) (local $s02 v128) (local $s03 v128)
    (local $s10 v128) (local $s11 v128) (local $s12 v128) (local $s13 v128)
    (block $done (loop $panel
      (br_if $done (i32.eqz (local.get $panels)))
      (local.set $s00 (v128.const i64x2 0 0))
      (local.set $s01 (v128.const i64x2 0 0))
      (local.set $s02 (v128.const i64x2 0 0))
      (local.set $s03 (v128.const i64x2 0 0))
      (local.set $s10 (v128.const i64x2 0 0))
      (local.set $s11 (v128.const i64x2 0 0))
      (local.set $s12 (v128.const i64x2 0 0))
      (local.set $s13 (v128.const i64x2 0 0))
      (local.set $q0 (local.get $query))
      (local.set $q1 (i32.add (local.get $query) (local.get $step)))
      (local.set $end (i32.add (local.get $x) (local.get $length)))
      (loop $columns
        ;; column 0 of four
        (local.set $x0 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=0 (local.get $x))))
        (local.set $x1 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=8 (local.get $x))))
        (local.set $x2 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=16 (local.get $x))))
        (local.set $x3 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=24 (local.get $x))))
        (local.set $w (v128.load64_splat $scratch offset=0 (local.get $q0)))
        (local.set $s00
          (f64x2.relaxed_madd (local.get $x0) (local.get $w) (local.get $s00)))
        (local.set $s01
          (f64x2.relaxed_madd (local.get $x1) (local.get $w) (local.get $s01)))
        (local.set $s02
          (f64x2.relaxed_madd (local.get $x2) (local.get $w) (local.get $s02)))
        (local.set $s03
          (f64x2.relaxed_madd (local.get $x3) (local.get $w) (local.get $s03)))
        (local.set $w (v128.load64_splat $scratch offset=0 (local.get $q1)))
        (local.set $s10
          (f64x2.relaxed_madd (local.get $x0) (local.get $w) (local.get $s10)))
        (local.set $s11
          (f64x2.relaxed_madd (local.get $x1) (local.get $w) (local.get $s11)))
        (local.set $s12
          (f64x2.relaxed_madd (local.get $x2) (local.get $w) (local.get $s12)))
        (local.set $s13
          (f64x2.relaxed_madd (local.get $x3) (local.get $w) (local.get $s13)))
        ;; column 1 of four
        (local.set $x0 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=32 (local.get $x))))
        (local.set $x1 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=40 (local.get $x))))
        (local.set $x2 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=48 (local.get $x))))
        (local.set $x3 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=56 (local.get $x))))
        (local.set $w (v128.load64_splat $scratch offset=8 (local.get $q0)))
        (local.set $s00
          (f64x2.relaxed_madd (local.get $x0) (local.get $w) (local.get $s00)))
        (local.set $s01
          (f64x2.relaxed_madd (local.get $x1) (local.get $w) (local.get $s01)))
        (local.set $s02
          (f64x2.relaxed_madd (local.get $x2) (local.get $w) (local.get $s02)))
        (local.set $s03
          (f64x2.relaxed_madd (local.get $x3) (local.get $w) (local.get $s03)))
        (local.set $w (v128.load64_splat $scratch offset=8 (local.get $q1)))
        (local.set $s10
          (f64x2.relaxed_madd (local.get $x0) (local.get $w) (local.get $s10)))
        (local.set $s11
          (f64x2.relaxed_madd (local.get $x1) (local.get $w) (local.get $s11)))
        (local.set $s12
          (f64x2.relaxed_madd (local.get $x2) (local.get $w) (local.get $s12)))
        (local.set $s13
          (f64x2.relaxed_madd (local.get $x3) (local.get $w) (local.get $s13)))
        ;; column 2 of four
        (local.set $x0 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=64 (local.get $x))))
        (local.set $x1 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=72 (local.get $x))))
        (local.set $x2 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=80 (local.get $x))))
        (local.set $x3 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=88 (local.get $x))))
        (local.set $w (v128.load64_splat $scratch offset=16 (local.get $q0)))
        (local.set $s00
          (f64x2.relaxed_madd (local.get $x0) (local.get $w) (local.get $s00)))
        (local.set $s01
          (f64x2.relaxed_madd (local.get $x1) (local.get $w) (local.get $s01)))
        (local.set $s02
          (f64x2.relaxed_madd (local.get $x2) (local.get $w) (local.get $s02)))
        (local.set $s03
          (f64x2.relaxed_madd (local.get $x3) (local.get $w) (local.get $s03)))
        (local.set $w (v128.load64_splat $scratch offset=16 (local.get $q1)))
        (local.set $s10
          (f64x2.relaxed_madd (local.get $x0) (local.get $w) (local.get $s10)))
        (local.set $s11
          (f64x2.relaxed_madd (local.get $x1) (local.get $w) (local.get $s11)))
        (local.set $s12
          (f64x2.relaxed_madd (local.get $x2) (local.get $w) (local.get $s12)))
        (local.set $s13
          (f64x2.relaxed_madd (local.get $x3) (local.get $w) (local.get $s13)))
        ;; column 3 of four
        (local.set $x0 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=96 (local.get $x))))
        (local.set $x1 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=104 (local.get $x))))
        (local.set $x2 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=112 (local.get $x))))
        (local.set $x3 (f64x2.promote_low_f32x4
          (v128.load64_zero $rows offset=120 (local.get $x))))
        (local.set $w (v128.load64_splat $scratch offset=24 (local.get $q0)))
        (local.set $s00
          (f64x2.relaxed_madd (local.get $x0) (local.get $w) (local.get $s00)))
        (local.set $s01
          (f64x2.relaxed_madd (local.get $x1) (local.get $w) (local.get $s01)))
        (local.set $s02
          (f64x2.relaxed_madd (local.get $x2) (local.get $w) (local.get $s02)))
        (local.set $s03
          (f64x2.relaxed_madd (local.get $x3) (local.get $w) (local.get $s03)))
        (local.set $w (v128.load64_splat $scratch offset=24 (local.get $q1)))
        (local.set $s10
          (f64x2.relaxed_madd (local.get $x0) (local.get $w) (local.get $s10)))
        (local.set $s11
          (f64x2.relaxed_madd (local.get $x1) (local.get $w) (local.get $s11)))
        (local.set $s12
          (f64x2.relaxed_madd (local.get $x2) (local.get $w) (local.get $s12)))
        (local.set $s13
          (f64x2.relaxed_madd (local.get $x3) (local.get $w) (local.get $s13)))
        (local.set $x (i32.add (local.get $x) (i32.const 128)))
        (local.set $q0 (i32.add (local.get $q0) (i32.const 32)))
        (local.set $q1 (i32.add (local.get $q1) (i32.const 32)))
        (br_if $columns (i32.lt_u (local.get $x) (local.get $end))))
      (v128.store $scratch (local.get $out) (local.get $s00))
      (v128.store $scratch offset=16 (local.get $out) (local.get $s01))
      (v128.store $scratch offset=32 (local.get $out) (local.get $s02))
      (v128.store $scratch offset=48 (local.get $out) (local.get $s03))
      (local.set $end (i32.add (local.get $out) (local.get $stride)))
      (v128.store $scratch (local.get $end) (local.get $s10))
      (v128.store $scratch offset=16 (local.get $end) (local.get $s11))
      (v128.store $scratch offset=32 (local.get $end) (local.get $s12))
      (v128.store $scratch offset=48 (local.get $end) (local.get $s13))
      (local.set $out (i32.add (local.get $out) (i32.const 64)))
      (local.set $panels (i32.sub (local.get $panels) (i32.const 1)))
      (br $panel)))))
