// The language of the kernels, for nvcc. Kernels use no other names of CUDA.
// tests/support/simt/gpu/language.hpp defines the same names for the host, where every thread of a grid is a
// fiber.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

/// Precedes a kernel's `void name(Arguments)`, which may be in a header.
#define PLIANT_KERNEL __global__ static
/// Like PLIANT_KERNEL, with few enough registers that this many blocks of 256 threads fit on a
/// multiprocessor.
#define PLIANT_DENSE_KERNEL(blocks) __global__ static __launch_bounds__(256, blocks)
/// Precedes a function that kernels call.
#define PLIANT_DEVICE __device__ __forceinline__ static
/// A variable or array that all threads of a block share; not initialised. On the host these are objects that
/// check accesses. So write the type of a copy (`unsigned v = tile[i]`, not `auto v`). Pass arrays to
/// functions as template <class Array> PLIANT_DEVICE void f(Array& tile).
#define PLIANT_SHARED(type, name) __shared__ type name
#define PLIANT_SHARED_ARRAY(type, name, count) __shared__ type name[count]
/// Precedes a loop and unrolls it by so many rounds. In one line, so that other compilers can define it as
/// empty.
#define PLIANT_PRAGMA(text) _Pragma(#text)
#define PLIANT_UNROLL(rounds) PLIANT_PRAGMA(unroll rounds)

namespace pliant::gpu {

inline constexpr unsigned kWarp = 32;
inline constexpr unsigned kAllLanes = 0xffffffffU;

PLIANT_DEVICE unsigned thread() {
  return threadIdx.x;
}
PLIANT_DEVICE unsigned threads() {
  return blockDim.x;
}
PLIANT_DEVICE unsigned block() {
  return blockIdx.x;
}
PLIANT_DEVICE unsigned blocks() {
  return gridDim.x;
}

/// Waits for all threads of the block.
PLIANT_DEVICE void barrier() {
  __syncthreads();
}
/// Waits for the threads of `mask`, all of which must call this.
PLIANT_DEVICE void warp_barrier(unsigned mask) {
  __syncwarp(mask);
}
PLIANT_DEVICE unsigned ballot(unsigned mask, bool vote) {
  return __ballot_sync(mask, vote);
}
PLIANT_DEVICE bool any(unsigned mask, bool vote) {
  return __any_sync(mask, vote) != 0;
}
PLIANT_DEVICE bool all(unsigned mask, bool vote) {
  return __all_sync(mask, vote) != 0;
}
/// Returns the value of the thread `from` of the warp. T: 32 or 64 bits.
template <class T>
PLIANT_DEVICE T shuffle(unsigned mask, T value, int from) {
  return __shfl_sync(mask, value, from);
}
/// Returns the value of the thread `by` below. The lowest threads keep their own.
template <class T>
PLIANT_DEVICE T shuffle_up(unsigned mask, T value, unsigned by) {
  return __shfl_up_sync(mask, value, by);
}
template <class T>
PLIANT_DEVICE T shuffle_down(unsigned mask, T value, unsigned by) {
  return __shfl_down_sync(mask, value, by);
}
template <class T>
PLIANT_DEVICE T shuffle_xor(unsigned mask, T value, int by) {
  return __shfl_xor_sync(mask, value, by);
}

/// These return the previous value. T: std::uint32_t, unsigned long long. The memory is global or shared.
template <class T>
PLIANT_DEVICE T atomic_add(T* to, T value) {
  return atomicAdd(to, value);
}
template <class T>
PLIANT_DEVICE T atomic_max(T* to, T value) {
  return atomicMax(to, value);
}
template <class T>
PLIANT_DEVICE T atomic_or(T* to, T value) {
  return atomicOr(to, value);
}
template <class T>
PLIANT_DEVICE T atomic_exchange(T* to, T value) {
  return atomicExch(to, value);
}
/// All blocks see this thread's earlier writes before its later ones.
PLIANT_DEVICE void fence() {
  __threadfence();
}
/// Reads from memory, even if this thread has read the value before.
template <class T>
PLIANT_DEVICE T load_fresh(const T* from) {
  return *static_cast<const volatile T*>(from);
}

PLIANT_DEVICE int count_bits(unsigned x) {
  return __popc(x);
}
/// Returns 32 if x is 0.
PLIANT_DEVICE int leading_zeros(unsigned x) {
  return __clz(static_cast<int>(x));
}
PLIANT_DEVICE int leading_zeros(unsigned long long x) {
  return __clzll(static_cast<long long>(x));
}
PLIANT_DEVICE std::uint32_t bits_of(float x) {
  return __float_as_uint(x);
}
PLIANT_DEVICE float float_of(std::uint32_t bits) {
  return __uint_as_float(bits);
}
/// Each result is rounded once, never fused.
PLIANT_DEVICE float add(float a, float b) {
  return __fadd_rn(a, b);
}
PLIANT_DEVICE double add(double a, double b) {
  return __dadd_rn(a, b);
}
PLIANT_DEVICE float subtract(float a, float b) {
  return __fsub_rn(a, b);
}
PLIANT_DEVICE double multiply(double a, double b) {
  return __dmul_rn(a, b);
}

/// Four neighbouring floats, in one access of 16 bytes.
struct alignas(16) Float4 {
  float item[4];
};
/// `at` must be aligned to 16 bytes.
PLIANT_DEVICE Float4 load4(const float* at) {
  const float4 v = *reinterpret_cast<const float4*>(at);
  return {{v.x, v.y, v.z, v.w}};
}
PLIANT_DEVICE void store4(float* at, const Float4& v) {
  *reinterpret_cast<float4*>(at) = make_float4(v.item[0], v.item[1], v.item[2], v.item[3]);
}

}  // namespace pliant::gpu
