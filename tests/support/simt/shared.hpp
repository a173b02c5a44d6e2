// Shared memory for kernels: objects that behave like variables and arrays, and record every access.
//
// Supported: `x = 1`, `x += y`, `++x`, `x--`, x in expressions, and the same for `tile[i]`. Also `&x` and
// `&tile[i]`: plain pointers, meant for atomics and load4/store4, since other accesses through them are not
// recorded. Not supported, unlike in nvcc: using v after `auto v = tile[i]` (write the type), and an array as
// a pointer (write `&tile[0]`). A function that takes an array: template <class Array> PLIANT_DEVICE void
// f(Array& tile). Elements that are structs are plain references: their index is checked, races are not.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "shared_memory.hpp"

namespace pliant::simt {

template <class T>
concept Watched = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_pointer_v<T>;

/// A watched element; it lives within one expression.
template <Watched T>
class Reference {
 public:
  Reference(Variable& variable, std::size_t index) : variable_(variable), index_(index) {}
  Reference(const Reference&) = delete;

  operator T() const&& { return load(); }
  T operator=(T value) && { return store(value); }
  T operator=(const Reference& from) && { return store(from.load()); }
  T operator=(Reference&& from) && { return store(from.load()); }
  T* operator&() && { return at(); }

  template <class U>
  T operator+=(U by) && {
    return store(static_cast<T>(load() + by));
  }
  template <class U>
  T operator-=(U by) && {
    return store(static_cast<T>(load() - by));
  }
  template <class U>
  T operator*=(U by) && {
    return store(static_cast<T>(load() * by));
  }
  template <class U>
  T operator/=(U by) && {
    return store(static_cast<T>(load() / by));
  }
  template <class U>
  T operator%=(U by) && {
    return store(static_cast<T>(load() % by));
  }
  template <class U>
  T operator|=(U by) && {
    return store(static_cast<T>(load() | by));
  }
  template <class U>
  T operator&=(U by) && {
    return store(static_cast<T>(load() & by));
  }
  template <class U>
  T operator^=(U by) && {
    return store(static_cast<T>(load() ^ by));
  }
  template <class U>
  T operator<<=(U by) && {
    return store(static_cast<T>(load() << by));
  }
  template <class U>
  T operator>>=(U by) && {
    return store(static_cast<T>(load() >> by));
  }
  T operator++() && { return store(static_cast<T>(load() + T{1})); }
  T operator--() && { return store(static_cast<T>(load() - T{1})); }
  T operator++(int) && {
    const T old = load();
    store(static_cast<T>(old + T{1}));
    return old;
  }
  T operator--(int) && {
    const T old = load();
    store(static_cast<T>(old - T{1}));
    return old;
  }

 private:
  T* at() const { return reinterpret_cast<T*>(variable_.data) + index_; }
  T load() const {
    note_read(variable_, index_);
    return *at();
  }
  T store(T value) const {
    note_write(variable_, index_);
    return *at() = value;
  }

  Variable& variable_;
  std::size_t index_;
};

template <class T>
class Array {
 public:
  Array(const void* key, const char* name, std::size_t count)
      : variable_(shared_variable(key, name, sizeof(T), alignof(T), count)) {}
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  template <class Index>
  decltype(auto) operator[](Index index) const {
    const auto i = static_cast<std::size_t>(index);
    if (i >= variable_.count) fail_index(variable_, i);
    if constexpr (Watched<T>) {
      return Reference<T>(variable_, i);
    } else {
      return (reinterpret_cast<T*>(variable_.data)[i]);
    }
  }

 private:
  Variable& variable_;
};

/// A single watched variable.
template <Watched T>
class Scalar {
 public:
  Scalar(const void* key, const char* name)
      : variable_(shared_variable(key, name, sizeof(T), alignof(T), 1)) {}
  Scalar(const Scalar&) = delete;

  operator T() const { return element(); }
  T operator=(T value) { return element() = value; }
  T operator=(const Scalar& from) { return element() = static_cast<T>(from); }
  T* operator&() const { return &element(); }
  template <class U>
  T operator+=(U by) {
    return element() += by;
  }
  template <class U>
  T operator-=(U by) {
    return element() -= by;
  }
  template <class U>
  T operator*=(U by) {
    return element() *= by;
  }
  template <class U>
  T operator/=(U by) {
    return element() /= by;
  }
  template <class U>
  T operator%=(U by) {
    return element() %= by;
  }
  template <class U>
  T operator|=(U by) {
    return element() |= by;
  }
  template <class U>
  T operator&=(U by) {
    return element() &= by;
  }
  template <class U>
  T operator^=(U by) {
    return element() ^= by;
  }
  template <class U>
  T operator<<=(U by) {
    return element() <<= by;
  }
  template <class U>
  T operator>>=(U by) {
    return element() >>= by;
  }
  T operator++() { return ++element(); }
  T operator--() { return --element(); }
  T operator++(int) { return element()++; }
  T operator--(int) { return element()--; }

 private:
  Reference<T> element() const { return {variable_, 0}; }

  Variable& variable_;
};

/// The type made by PLIANT_SHARED: a Scalar, or a reference to a struct.
template <class T>
decltype(auto) shared_scalar(const void* key, const char* name) {
  if constexpr (Watched<T>) {
    return Scalar<T>(key, name);
  } else {
    return (*reinterpret_cast<T*>(shared_variable(key, name, sizeof(T), alignof(T), 1).data));
  }
}

template <class T>
struct ValueOf {
  using Type = T;
};
template <class T>
struct ValueOf<Reference<T>> {
  using Type = T;
};
template <class T>
struct ValueOf<Scalar<T>> {
  using Type = T;
};
/// The type that a function template deduces for an argument that may be watched: the value's type.
template <class T>
using Value = typename ValueOf<std::remove_cvref_t<T>>::Type;

}  // namespace pliant::simt
