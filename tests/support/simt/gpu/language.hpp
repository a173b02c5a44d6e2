// The language of kernels, for the host: the names of src/kernels/cuda/nvcc/gpu/language.hpp, which documents
// them. machine.hpp and shared.hpp say which errors are reported here.
//
// To compile for both, a function that takes a shared array is
//   template <class Array> PLIANT_DEVICE void f(Array& tile)
// and elements are copied into variables of an explicit type (`unsigned v = tile[i]`, not `auto v`).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "../shared.hpp"

#define PLIANT_KERNEL [[maybe_unused]] static inline
#define PLIANT_DENSE_KERNEL(blocks) PLIANT_KERNEL
#define PLIANT_DEVICE [[maybe_unused]] static inline
// The address of `name_key` is the declaration: every instantiation of a template has its own.
#define PLIANT_SHARED(type, name)   \
  static const char name##_key = 0; \
  auto&& name = ::pliant::simt::shared_scalar<type>(&name##_key, #name)
#define PLIANT_SHARED_ARRAY(type, name, count) \
  static const char name##_key = 0;            \
  const ::pliant::simt::Array<type> name(&name##_key, #name, count)

#define PLIANT_UNROLL(rounds)

namespace pliant::gpu {

inline constexpr unsigned kWarp = simt::kLanes;
inline constexpr unsigned kAllLanes = 0xffffffffU;

PLIANT_DEVICE unsigned thread() {
  return simt::running->index;
}
PLIANT_DEVICE unsigned threads() {
  return simt::block_threads();
}
PLIANT_DEVICE unsigned block() {
  return simt::block_index();
}
PLIANT_DEVICE unsigned blocks() {
  return simt::block_count();
}

PLIANT_DEVICE void barrier() {
  simt::barrier();
}
PLIANT_DEVICE void warp_barrier(unsigned mask) {
  simt::collective(simt::Wait::warp_barrier, mask);
}
PLIANT_DEVICE unsigned ballot(unsigned mask, bool vote) {
  return static_cast<unsigned>(simt::collective(simt::Wait::ballot, mask, vote));
}
PLIANT_DEVICE bool any(unsigned mask, bool vote) {
  return simt::collective(simt::Wait::any, mask, vote) != 0;
}
PLIANT_DEVICE bool all(unsigned mask, bool vote) {
  return simt::collective(simt::Wait::all, mask, vote) != 0;
}

namespace detail {

template <class T>
std::uint64_t to_word(T value) {
  std::uint64_t word = 0;
  std::memcpy(&word, &value, sizeof value);
  return word;
}

template <class T>
T exchange(simt::Wait kind, unsigned mask, T value, int argument) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles are of 32 or 64 bits");
  const std::uint64_t word = simt::collective(kind, mask, to_word(value), argument, sizeof(T));
  std::memcpy(&value, &word, sizeof value);
  return value;
}

template <class T, class Change>
T atomically(T* to, Change change) {
  static_assert(std::is_same_v<T, std::uint32_t> || std::is_same_v<T, unsigned long long>);
  simt::before_atomic(to);
  const T before = *to;
  const T after = change(before);
  *to = after;
  simt::after_atomic(to, before, after != before);
  return before;
}

}  // namespace detail

template <class T>
PLIANT_DEVICE simt::Value<T> shuffle(unsigned mask, T&& value, int from) {
  return detail::exchange<simt::Value<T>>(simt::Wait::shuffle, mask, std::forward<T>(value), from);
}
template <class T>
PLIANT_DEVICE simt::Value<T> shuffle_up(unsigned mask, T&& value, unsigned by) {
  return detail::exchange<simt::Value<T>>(simt::Wait::shuffle_up, mask, std::forward<T>(value),
                                          static_cast<int>(by));
}
template <class T>
PLIANT_DEVICE simt::Value<T> shuffle_down(unsigned mask, T&& value, unsigned by) {
  return detail::exchange<simt::Value<T>>(simt::Wait::shuffle_down, mask, std::forward<T>(value),
                                          static_cast<int>(by));
}
template <class T>
PLIANT_DEVICE simt::Value<T> shuffle_xor(unsigned mask, T&& value, int by) {
  return detail::exchange<simt::Value<T>>(simt::Wait::shuffle_xor, mask, std::forward<T>(value), by);
}

// As in nvcc, these take a value of exactly the type that `to` points to.
template <class T, class U>
requires std::is_same_v<simt::Value<U>, T> PLIANT_DEVICE T atomic_add(T* to, U&& value) {
  const T by = std::forward<U>(value);
  return detail::atomically(to, [by](T before) { return before + by; });
}
template <class T, class U>
requires std::is_same_v<simt::Value<U>, T> PLIANT_DEVICE T atomic_max(T* to, U&& value) {
  const T with = std::forward<U>(value);
  return detail::atomically(to, [with](T before) { return before < with ? with : before; });
}
template <class T, class U>
requires std::is_same_v<simt::Value<U>, T> PLIANT_DEVICE T atomic_or(T* to, U&& value) {
  const T with = std::forward<U>(value);
  return detail::atomically(to, [with](T before) { return before | with; });
}
template <class T, class U>
requires std::is_same_v<simt::Value<U>, T> PLIANT_DEVICE T atomic_exchange(T* to, U&& value) {
  const T after = std::forward<U>(value);
  return detail::atomically(to, [after](T) { return after; });
}
PLIANT_DEVICE void fence() {
  simt::maybe_yield();
}
template <class T>
PLIANT_DEVICE T load_fresh(const T* from) {
  static_assert(sizeof(T) <= 8);
  simt::note_address(from, false, true);
  const T value = *from;
  return simt::polled(from, detail::to_word(value)) ? *from : value;
}

PLIANT_DEVICE int count_bits(unsigned x) {
  return std::popcount(x);
}
PLIANT_DEVICE int leading_zeros(unsigned x) {
  return std::countl_zero(x);
}
PLIANT_DEVICE int leading_zeros(unsigned long long x) {
  return std::countl_zero(x);
}
PLIANT_DEVICE std::uint32_t bits_of(float x) {
  return std::bit_cast<std::uint32_t>(x);
}
PLIANT_DEVICE float float_of(std::uint32_t bits) {
  return std::bit_cast<float>(bits);
}
// Never fused, since this file is compiled with -ffp-contract=off.
PLIANT_DEVICE float add(float a, float b) {
  return a + b;
}
PLIANT_DEVICE double add(double a, double b) {
  return a + b;
}
PLIANT_DEVICE float subtract(float a, float b) {
  return a - b;
}
PLIANT_DEVICE double multiply(double a, double b) {
  return a * b;
}

struct alignas(16) Float4 {
  float item[4];
};
PLIANT_DEVICE Float4 load4(const float* at) {
  simt::check_vector_access(at, false);
  Float4 v;
  std::memcpy(&v, at, sizeof v);
  return v;
}
PLIANT_DEVICE void store4(float* at, const Float4& v) {
  simt::check_vector_access(at, true);
  std::memcpy(at, &v, sizeof v);
}

}  // namespace pliant::gpu
