// Memory of the kernels: touched once, when it grows, and kept. The first touch of a page costs many times
// the work done on it, so it must not fall into a call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace pliant {

/// Ask that memory which nobody has touched yet comes in huge pages: streaming it then needs fewer
/// translations. A wish, and no more.
void wish_huge_pages(void* memory, std::size_t bytes);

/// Raw memory in huge pages where the system has them. Growing forgets what it held.
class Room {
 public:
  Room() = default;
  ~Room();
  Room(Room&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Room& operator=(Room&& other) noexcept;
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  /// At least `count` elements of T, aligned to 2 MiB where there are that many. Throws std::bad_alloc.
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
