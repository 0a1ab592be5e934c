// TensorFlow operations for the fusion transformer's training step on a CPU. A matrix product there runs
// at the processor's speed; what is left is bound by memory, so each operation below goes over its
// tensors once, where a composition of TensorFlow's own would go four to ten times. Compiled into the
// native engine's binding (build.ts); called, and composed where they are missing, by
// kernels.ts. All tensors are float32, of "rows" along their last axis. An optional input or
// output that is not wanted has no elements.

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_tensor.h"

// The arrays of a loop do not overlap: compilers would check all pairs of them first, or give up.
#define SIMD _Pragma("omp simd")

namespace {

// ---- Threads: one part of the rows each, so that sums are the same in every run ----------------------

class Pool {
 public:
  static Pool& Get() {
    static Pool* pool = new Pool();  // never destroyed: its threads may outlive static objects
    return *pool;
  }
  int size() const { return size_; }

  // Calls work(part, begin, end) for `size()` parts of [0, n), and waits.
  void Run(int64_t n, const std::function<void(int, int64_t, int64_t)>& work) {
    std::lock_guard<std::mutex> one_at_a_time(run_mutex_);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      work_ = &work;
      n_ = n;
      waiting_ = size_ - 1;
      turn_++;
    }
    start_.notify_all();
    Part(0);
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [&] { return waiting_ == 0; });
  }

 private:
  Pool() : size_(std::max(1u, std::thread::hardware_concurrency())) {
    for (int part = 1; part < size_; part++) std::thread([this, part] { Loop(part); }).detach();
  }
  void Part(int part) { (*work_)(part, n_ * part / size_, n_ * (part + 1) / size_); }
  void Loop(int part) {
    for (uint64_t seen = 0;;) {
      std::unique_lock<std::mutex> lock(mutex_);
      start_.wait(lock, [&] { return turn_ != seen; });
      seen = turn_;
      lock.unlock();
      Part(part);
      lock.lock();
      if (--waiting_ == 0) done_.notify_one();
    }
  }

  const int size_;
  std::mutex run_mutex_, mutex_;
  std::condition_variable start_, done_;
  const std::function<void(int, int64_t, int64_t)>* work_ = nullptr;
  int64_t n_ = 0;
  int waiting_ = 0;
  uint64_t turn_ = 0;
};

// Sums over all rows, made of one partial sum a thread.
class ColumnSums {
 public:
  ColumnSums(float* out, int64_t columns)
      : out_(out), columns_(columns), parts_(Pool::Get().size() * columns, 0.f) {}
  float* part(int i) { return parts_.data() + i * columns_; }
  ~ColumnSums() {
    std::fill(out_, out_ + columns_, 0.f);
    for (int i = 0; i < Pool::Get().size(); i++)
      for (int64_t c = 0; c < columns_; c++) out_[c] += part(i)[c];
  }

 private:
  float* out_;
  int64_t columns_;
  std::vector<float> parts_;
};

// ---- One call of an operation ------------------------------------------------------------------------

class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  ~Call() {
    for (TF_Tensor* tensor : tensors_) TF_DeleteTensor(tensor);
    TF_DeleteStatus(status_);
  }
  int inputs() const { return TF_NumInputs(context_); }
  TF_Tensor* Input(int i) {
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, i, &tensor, status_);
    tensors_.push_back(tensor);
    return tensor;
  }
  const float* Floats(int i) { return static_cast<const float*>(TF_TensorData(Input(i))); }
  const int32_t* Integers(int i) { return static_cast<const int32_t*>(TF_TensorData(Input(i))); }
  // An input that may be absent.
  const float* Optional(int i) {
    TF_Tensor* tensor = Input(i);
    return TF_TensorElementCount(tensor) ? static_cast<const float*>(TF_TensorData(tensor)) : nullptr;
  }
  float* Output(int i, const std::vector<int64_t>& shape) {
    int64_t size = sizeof(float);
    for (int64_t n : shape) size *= n;
    TF_Tensor* tensor =
        TF_AllocateOutput(context_, i, TF_FLOAT, shape.data(), shape.size(), size, status_);
    tensors_.push_back(tensor);
    return size ? static_cast<float*>(TF_TensorData(tensor)) : nullptr;
  }
  float* OutputLike(int i, TF_Tensor* model) { return Output(i, Shape(model)); }
  static std::vector<int64_t> Shape(TF_Tensor* tensor) {
    std::vector<int64_t> shape(TF_NumDims(tensor));
    for (size_t i = 0; i < shape.size(); i++) shape[i] = TF_Dim(tensor, i);
    return shape;
  }

 private:
  TF_OpKernelContext* context_;
  TF_Status* status_;
  std::vector<TF_Tensor*> tensors_;
};

int64_t Columns(TF_Tensor* tensor) { return TF_Dim(tensor, TF_NumDims(tensor) - 1); }
int64_t Rows(TF_Tensor* tensor) { return TF_TensorElementCount(tensor) / Columns(tensor); }

// ---- Functions of one number, written so that compilers vectorise them -------------------------------

inline float Exp(float x) {  // x <= 0; relative error 1e-6 where the result is not tiny
  float y = x * 1.44269504f;
  float whole = std::nearbyint(std::max(y, -126.f)), f = y - whole;
  float p = 1.540353e-4f;  // 2^f
  p = p * f + 1.333355815e-3f;
  p = p * f + 9.618129108e-3f;
  p = p * f + 5.550410866e-2f;
  p = p * f + 2.402265070e-1f;
  p = p * f + 6.931471806e-1f;
  p = p * f + 1.f;
  int32_t bits = (static_cast<int32_t>(whole) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return x < -87.f ? 0.f : p * power;
}

inline float Erf(float x) {  // the rational approximation of Eigen and XLA, 4 units in the last place
  x = std::min(std::max(x, -4.f), 4.f);
  float s = x * x;
  float a = -2.72614225801306e-10f;
  a = a * s + 2.77068142495902e-08f;
  a = a * s + -2.10102402082508e-06f;
  a = a * s + -5.69250639462346e-05f;
  a = a * s + -7.34990630326855e-04f;
  a = a * s + -2.95459980854025e-03f;
  a = a * s + -1.60960333262415e-02f;
  float b = -1.45660718464996e-05f;
  b = b * s + -2.13374055278905e-04f;
  b = b * s + -1.68282697438203e-03f;
  b = b * s + -7.37332916720468e-03f;
  b = b * s + -1.42647390514189e-02f;
  return x * a / b;
}

inline float NormalCdf(float x) { return 0.5f * (1.f + Erf(x * 0.70710678f)); }

// Dropout: element i stays where a hash of i and of the seed reaches the threshold, so that no mask has
// to be stored between the passes forward and back.
struct Dropout {
  uint32_t a, b, threshold;
  float scale;
  explicit Dropout(const int32_t* numbers)
      : a(numbers[0]), b(numbers[1]), threshold(numbers[2]),
        scale(1 / (1 - threshold / 4294967296.0)) {}
  bool on() const { return threshold != 0; }
  static uint32_t Mix(uint32_t x) {  // Wellons' lowbias32
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
  }
  // y = x with dropout, for n elements of which the first is the element `first` of its tensor; y may be x.
  void Apply(const float* x, float* y, int64_t n, int64_t first) const {
    const uint32_t seed = a, more = b, least = threshold, begin = first;
    const float factor = scale;  // copies: of what may change, compilers do not vectorise a loop
    SIMD
    for (int32_t i = 0; i < n; i++) {
      y[i] = Mix(Mix((begin + i) ^ seed) + more) >= least ? x[i] * factor : 0.f;
    }
  }
};

// ---- The operations ----------------------------------------------------------------------------------

void DropoutOp(Call& call) {  // x, drop -> y
  TF_Tensor* in = call.Input(0);
  const float* x = static_cast<const float*>(TF_TensorData(in));
  Dropout drop(call.Integers(1));
  float* y = call.OutputLike(0, in);
  Pool::Get().Run(TF_TensorElementCount(in), [=](int, int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at += 4096) {
      drop.Apply(x + at, y + at, std::min<int64_t>(4096, end - at), at);
    }
  });
}

void Gelu(Call& call) {  // x, bias, drop -> dropout(gelu(x + bias))
  TF_Tensor* in = call.Input(0);
  const float* x = static_cast<const float*>(TF_TensorData(in));
  const float* bias = call.Floats(1);
  Dropout drop(call.Integers(2));
  float* y = call.OutputLike(0, in);
  const int64_t F = Columns(in);
  Pool::Get().Run(Rows(in), [=](int, int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const float* from = x + r * F;
      float* to = y + r * F;
      SIMD
      for (int64_t c = 0; c < F; c++) {
        float h = from[c] + bias[c];
        to[c] = h * NormalCdf(h);
      }
      if (drop.on()) drop.Apply(to, to, F, r * F);
    }
  });
}

void GeluGrad(Call& call) {  // x, bias, dy, drop -> dx, dbias
  TF_Tensor* in = call.Input(0);
  const float* x = static_cast<const float*>(TF_TensorData(in));
  const float *bias = call.Floats(1), *dy = call.Floats(2);
  Dropout drop(call.Integers(3));
  const int64_t F = Columns(in);
  float* dx = call.OutputLike(0, in);
  ColumnSums sums(call.Output(1, {F}), F);
  Pool::Get().Run(Rows(in), [=, &sums](int part, int64_t begin, int64_t end) {
    float* sum = sums.part(part);
    for (int64_t r = begin; r < end; r++) {
      const float *from = x + r * F, *back = dy + r * F;
      float* to = dx + r * F;
      SIMD
      for (int64_t c = 0; c < F; c++) {
        float h = from[c] + bias[c];
        to[c] = back[c] * (NormalCdf(h) + h * 0.39894228f * Exp(-0.5f * h * h));
      }
      if (drop.on()) drop.Apply(to, to, F, r * F);
      SIMD
      for (int64_t c = 0; c < F; c++) sum[c] += to[c];
    }
  });
}

// x, residual?, scale, shift, epsilon, drop -> y, and the normal rows and 1/deviation for the gradient:
// the layer normalisation of residual + dropout(x)
void Norm(Call& call) {
  TF_Tensor* in = call.Input(0);
  const float* x = static_cast<const float*>(TF_TensorData(in));
  const float *residual = call.Optional(1), *scale = call.Floats(2), *shift = call.Floats(3);
  const float epsilon = *call.Floats(4);
  Dropout drop(call.Integers(5));
  const int64_t N = Rows(in), D = Columns(in);
  float *y = call.OutputLike(0, in), *normal = call.OutputLike(1, in);
  float* rate = call.Output(2, {N});
  Pool::Get().Run(N, [=](int, int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const float* from = x + r * D;
      float *h = normal + r * D, *to = y + r * D;
      if (drop.on()) drop.Apply(from, h, D, r * D);
      else std::memcpy(h, from, D * sizeof(float));
      if (residual)
        SIMD
        for (int64_t c = 0; c < D; c++) h[c] += residual[r * D + c];
      float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t c = 0; c < D; c++) sum += h[c];
      const float mean = sum / D;
#pragma omp simd reduction(+ : squares)
      for (int64_t c = 0; c < D; c++) squares += (h[c] - mean) * (h[c] - mean);
      const float factor = rate[r] = 1.f / std::sqrt(squares / D + epsilon);
      SIMD
      for (int64_t c = 0; c < D; c++) {
        h[c] = (h[c] - mean) * factor;
        to[c] = h[c] * scale[c] + shift[c];
      }
    }
  });
}

// dy, normal, rate, scale, drop -> dresidual, dx? (the same without dropout), dscale, dshift
void NormGrad(Call& call) {
  TF_Tensor* in = call.Input(0);
  const float* dy = static_cast<const float*>(TF_TensorData(in));
  const float *normal = call.Floats(1), *rate = call.Floats(2), *scale = call.Floats(3);
  Dropout drop(call.Integers(4));
  const int64_t D = Columns(in);
  float* dresidual = call.OutputLike(0, in);
  float* dx = drop.on() ? call.OutputLike(1, in) : call.Output(1, {0});
  ColumnSums dscale(call.Output(2, {D}), D), dshift(call.Output(3, {D}), D);
  Pool::Get().Run(Rows(in), [=, &dscale, &dshift](int part, int64_t begin, int64_t end) {
    float *scales = dscale.part(part), *shifts = dshift.part(part);
    for (int64_t r = begin; r < end; r++) {
      const float *back = dy + r * D, *h = normal + r * D;
      float sum = 0, along = 0;
#pragma omp simd reduction(+ : sum, along)
      for (int64_t c = 0; c < D; c++) {
        float d = back[c] * scale[c];
        sum += d;
        along += d * h[c];
      }
      sum /= D;
      along /= D;
      float* to = dresidual + r * D;
      SIMD
      for (int64_t c = 0; c < D; c++) {
        scales[c] += back[c] * h[c];
        shifts[c] += back[c];
        to[c] = rate[r] * (back[c] * scale[c] - sum - h[c] * along);
      }
      if (drop.on()) drop.Apply(to, dx + r * D, D, r * D);
    }
  });
}

// x (B T, S D), bias?, dims [B, T, S, H] -> S <= 3 parts split into heads, (B H, T, D/H) each
void SplitHeads(Call& call) {
  TF_Tensor* in = call.Input(0);
  const float* x = static_cast<const float*>(TF_TensorData(in));
  const float* bias = call.Optional(1);
  const int32_t* dims = call.Integers(2);
  const int64_t B = dims[0], T = dims[1], S = dims[2], H = dims[3];
  const int64_t W = Columns(in), d = W / S / H;
  float* parts[3];
  for (int64_t s = 0; s < 3; s++) {
    parts[s] = s < S ? call.Output(s, {B * H, T, d}) : call.Output(s, {0});
  }
  float *first = parts[0], *second = parts[1], *third = parts[2];
  Pool::Get().Run(B * T, [=](int, int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const int64_t b = r / T, t = r % T;
      for (int64_t sh = 0; sh < S * H; sh++) {
        const float* from = x + r * W + sh * d;
        float* part = sh < H ? first : sh < 2 * H ? second : third;
        float* to = part + ((b * H + sh % H) * T + t) * d;
        if (bias)
          SIMD
          for (int64_t c = 0; c < d; c++) to[c] = from[c] + bias[sh * d + c];
        else
          std::memcpy(to, from, d * sizeof(float));
      }
    }
  });
}

// first, second?, third? (B H, T, d) each, dims [B, T, S, H] -> (B T, S D) and the sums of its columns
void JoinHeads(Call& call) {
  const float* parts[3] = {call.Floats(0), call.Optional(1), call.Optional(2)};
  const float *first = parts[0], *second = parts[1], *third = parts[2];
  const int64_t d = Columns(call.Input(0));
  const int32_t* dims = call.Integers(3);
  const int64_t B = dims[0], T = dims[1], S = dims[2], H = dims[3], W = S * H * d;
  float* y = call.Output(0, {B * T, W});
  ColumnSums sums(call.Output(1, {W}), W);
  Pool::Get().Run(B * T, [=, &sums](int part, int64_t begin, int64_t end) {
    float* sum = sums.part(part);
    for (int64_t r = begin; r < end; r++) {
      const int64_t b = r / T, t = r % T;
      for (int64_t sh = 0; sh < S * H; sh++) {
        const float* source = sh < H ? first : sh < 2 * H ? second : third;
        const float* from = source + ((b * H + sh % H) * T + t) * d;
        float *to = y + r * W + sh * d, *total = sum + sh * d;
        SIMD
        for (int64_t c = 0; c < d; c++) {
          to[c] = from[c];
          total[c] += from[c];
        }
      }
    }
  });
}

// scores (..., P), the rows of an image one after another, mask? (B, P), scale, drop -> softmax(scale scores), and the same with dropout?
void Softmax(Call& call) {
  TF_Tensor* in = call.Input(0);
  const float* scores = static_cast<const float*>(TF_TensorData(in));
  TF_Tensor* real_patches = call.Input(1);
  const float* mask = call.Optional(1);
  const float scale = *call.Floats(2);
  Dropout drop(call.Integers(3));
  const int64_t N = Rows(in), P = Columns(in), per_image = mask ? N / TF_Dim(real_patches, 0) : N;
  float* p = call.OutputLike(0, in);
  float* y = drop.on() ? call.OutputLike(1, in) : call.Output(1, {0});
  Pool::Get().Run(N, [=](int, int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const float* from = scores + r * P;
      const float* real = mask ? mask + r / per_image * P : nullptr;
      float* to = p + r * P;
      float most = -INFINITY, sum = 0;
      SIMD
      for (int64_t c = 0; c < P; c++) {
        to[c] = scale * from[c] + (real ? (real[c] - 1.f) * 1e9f : 0.f);
      }
#pragma omp simd reduction(max : most)
      for (int64_t c = 0; c < P; c++) most = std::max(most, to[c]);
#pragma omp simd reduction(+ : sum)
      for (int64_t c = 0; c < P; c++) sum += to[c] = Exp(to[c] - most);
      const float share = 1.f / sum;
      SIMD
      for (int64_t c = 0; c < P; c++) to[c] *= share;
      if (drop.on()) drop.Apply(to, y + r * P, P, r * P);
    }
  });
}

void SoftmaxGrad(Call& call) {  // softmax, dy, scale, drop -> dscores
  TF_Tensor* in = call.Input(0);
  const float* p = static_cast<const float*>(TF_TensorData(in));
  const float* dy = call.Floats(1);
  const float scale = *call.Floats(2);
  Dropout drop(call.Integers(3));
  const int64_t P = Columns(in);
  float* dx = call.OutputLike(0, in);
  Pool::Get().Run(Rows(in), [=](int, int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const float *share = p + r * P, *back = dy + r * P;
      float* to = dx + r * P;
      if (drop.on()) drop.Apply(back, to, P, r * P);
      else std::memcpy(to, back, P * sizeof(float));
      float along = 0;
#pragma omp simd reduction(+ : along)
      for (int64_t c = 0; c < P; c++) along += to[c] * share[c];
      SIMD
      for (int64_t c = 0; c < P; c++) to[c] = scale * share[c] * (to[c] - along);
    }
  });
}

// N parameters, N means, N squares, N gradients, numbers [beta1, share1, beta2, share2, keep, rate, epsilon]
// -> N parameters, N means, N squares; see ../adamw.ts for the numbers. All in one call: most
// parameters are so small that a call of their own would cost more than their update.
void AdamW(Call& call) {
  struct Parameter {
    const float *p, *m, *v, *g;
    float *np, *nm, *nv;
    int64_t begin, end;  // among the values of all parameters
  };
  const int N = call.inputs() / 4;
  std::vector<Parameter> parameters(N);
  int64_t total = 0;
  for (int i = 0; i < N; i++) {
    TF_Tensor* in = call.Input(i);
    const int64_t begin = total;
    total += TF_TensorElementCount(in);
    parameters[i] = {static_cast<const float*>(TF_TensorData(in)),
                     call.Floats(N + i), call.Floats(2 * N + i), call.Floats(3 * N + i),
                     call.OutputLike(i, in), call.OutputLike(N + i, in),
                     call.OutputLike(2 * N + i, in), begin, total};
  }
  const float* k = call.Floats(4 * N);
  const float beta1 = k[0], share1 = k[1], beta2 = k[2], share2 = k[3];
  const float keep = k[4], rate = k[5], epsilon = k[6];
  Pool::Get().Run(total, [&, beta1, share1, beta2, share2, keep, rate, epsilon](
                             int, int64_t begin, int64_t end) {
    for (const Parameter& one : parameters) {
      const int64_t from = std::max(begin, one.begin) - one.begin;
      const int64_t to = std::min(end, one.end) - one.begin;
      const float *p = one.p, *m = one.m, *v = one.v, *g = one.g;
      float *np = one.np, *nm = one.nm, *nv = one.nv;
      SIMD
      for (int64_t i = from; i < to; i++) {
        nm[i] = m[i] * beta1 + g[i] * share1;
        nv[i] = v[i] * beta2 + g[i] * g[i] * share2;
        np[i] = p[i] * keep - rate * nm[i] / (std::sqrt(nv[i]) + epsilon);
      }
    }
  });
}

// ---- Registration, when the binding is loaded --------------------------------------------------------

template <void (*Operation)(Call&)>
void Compute(void*, TF_OpKernelContext* context) {
  Call call(context);
  Operation(call);
}

template <void (*Operation)(Call&)>
void Register(const char* name, std::initializer_list<const char*> inputs,
              std::initializer_list<const char*> outputs, const char* attribute = nullptr) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(name);
  if (attribute) TF_OpDefinitionBuilderAddAttr(definition, attribute);
  for (const char* input : inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const char* output : outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  TF_RegisterOpDefinition(definition, status);
  auto* kernel = TF_NewKernelBuilder(
      name, "CPU", [](TF_OpKernelConstruction*) -> void* { return nullptr; }, &Compute<Operation>,
      [](void*) {});
  TF_RegisterKernelBuilder(name, kernel, status);
  TF_DeleteStatus(status);
}

const bool registered = [] {
  Register<DropoutOp>("FusionDropout", {"x: float", "drop: int32"}, {"y: float"});
  Register<Gelu>("FusionGelu", {"x: float", "bias: float", "drop: int32"}, {"y: float"});
  Register<GeluGrad>("FusionGeluGrad", {"x: float", "bias: float", "dy: float", "drop: int32"},
                     {"dx: float", "dbias: float"});
  Register<Norm>("FusionNorm",
                 {"x: float", "residual: float", "scale: float", "shift: float", "epsilon: float",
                  "drop: int32"},
                 {"y: float", "normal: float", "rate: float"});
  Register<NormGrad>(
      "FusionNormGrad",
      {"dy: float", "normal: float", "rate: float", "scale: float", "drop: int32"},
      {"dresidual: float", "dx: float", "dscale: float", "dshift: float"});
  Register<SplitHeads>("FusionSplitHeads", {"x: float", "bias: float", "dims: int32"},
                       {"first: float", "second: float", "third: float"});
  Register<JoinHeads>("FusionJoinHeads",
                      {"first: float", "second: float", "third: float", "dims: int32"},
                      {"y: float", "sums: float"});
  Register<Softmax>("FusionSoftmax", {"x: float", "mask: float", "scale: float", "drop: int32"},
                    {"p: float", "y: float"});
  Register<SoftmaxGrad>("FusionSoftmaxGrad",
                        {"p: float", "dy: float", "scale: float", "drop: int32"}, {"dx: float"});
  Register<AdamW>("FusionAdamW",
                  {"parameters: N * float", "means: N * float", "squares: N * float",
                   "gradients: N * float", "numbers: float"},
                  {"new_parameters: N * float", "new_means: N * float", "new_squares: N * float"},
                  "N: int >= 1");
  return true;
}();

}  // namespace
