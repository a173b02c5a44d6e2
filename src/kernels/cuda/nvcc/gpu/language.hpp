// What kernels are written in, for nvcc. tests/support/simt/gpu/language.hpp is the same for the host, where
// every thread of a grid is a fiber: kernels name nothing of CUDA but what stands here.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

/// Before a kernel's `void name(Arguments)`; it may stand in a header.
#define PLIANT_KERNEL __global__ static
/// The same, in so few registers that this many blocks of 256 threads find room on a multiprocessor.
#define PLIANT_DENSE_KERNEL(blocks) __global__ static __launch_bounds__(256, blocks)
/// Before a function that kernels call.
#define PLIANT_DEVICE __device__ __forceinline__ static
/// One variable of a block, or an array, which all its threads share; not initialised. The host's are objects
/// that watch who comes there, so name the type of what you copy (`unsigned v = tile[i]`, never `auto v`),
/// and give arrays to functions as template <class Array> PLIANT_DEVICE void f(Array& tile).
#define PLIANT_SHARED(type, name) __shared__ type name
#define PLIANT_SHARED_ARRAY(type, name, count) __shared__ type name[count]
/// Before a loop: so many rounds of it side by side. One line, so that it is nothing elsewhere.
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

/// All threads of the block.
PLIANT_DEVICE void barrier() {
  __syncthreads();
}
/// The lanes of `mask`, which all come here.
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
/// The value of lane `from`; T: 32 or 64 bits.
template <class T>
PLIANT_DEVICE T shuffle(unsigned mask, T value, int from) {
  return __shfl_sync(mask, value, from);
}
/// Of the lane `by` below; the lowest keep their own.
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

/// All return what was there before. T: std::uint32_t, unsigned long long; memory of the device or shared.
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
/// What this thread wrote before is seen by all blocks before what it writes afterwards.
PLIANT_DEVICE void fence() {
  __threadfence();
}
/// From memory, whatever this thread read there before.
template <class T>
PLIANT_DEVICE T load_fresh(const T* from) {
  return *static_cast<const volatile T*>(from);
}

PLIANT_DEVICE int count_bits(unsigned x) {
  return __popc(x);
}
/// 32 where x is 0.
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
/// Rounded once each, never fused.
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

/// Four neighbours, in one access of 16 bytes.
struct alignas(16) Float4 {
  float item[4];
};
/// `at` is a multiple of 16 bytes.
PLIANT_DEVICE Float4 load4(const float* at) {
  const float4 v = *reinterpret_cast<const float4*>(at);
  return {{v.x, v.y, v.z, v.w}};
}
PLIANT_DEVICE void store4(float* at, const Float4& v) {
  *reinterpret_cast<float4*>(at) = make_float4(v.item[0], v.item[1], v.item[2], v.item[3]);
}

}  // namespace pliant::gpu
