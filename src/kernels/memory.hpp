// Memory of the kernels, touched when it grows, and kept. The first touch of a page costs many times the work
// on it, so it must not happen in a call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace pliant {

/// Ask for huge pages for untouched memory, so that streaming it needs fewer address translations. The system
/// may ignore this.
void wish_huge_pages(void* memory, std::size_t bytes);

/// Raw memory, in huge pages if the system has them. Growing discards the contents.
class Scratch {
 public:
  Scratch() = default;
  ~Scratch();
  Scratch(Scratch&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Scratch& operator=(Scratch&& other) noexcept;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// Returns at least `count` elements of T, aligned to 2 MiB if they are that long. Throws std::bad_alloc.
  template <class T>
  T* of(std::int64_t count) {
    reserve(static_cast<std::size_t>(count) * sizeof(T));
    return static_cast<T*>(data_);
  }

 private:
  void reserve(std::size_t bytes);
  void release();

  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace pliant
