#include "kernels/memory.hpp"

#include <sys/mman.h>

#include <cstring>
#include <new>

namespace pliant {
namespace {

constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;
constexpr std::size_t kPageBytes = 4096;

std::size_t rounded_up(std::size_t bytes) {
  const std::size_t unit = bytes < kHugePageBytes ? kPageBytes : kHugePageBytes;
  return (bytes + unit - 1) / unit * unit;
}

std::align_val_t alignment(std::size_t bytes) {
  return std::align_val_t{bytes < kHugePageBytes ? kPageBytes : kHugePageBytes};
}

}  // namespace

void wish_huge_pages(void* memory, std::size_t bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t first = (begin + kPageBytes - 1) / kPageBytes * kPageBytes;
  const std::uintptr_t last = (begin + bytes) / kPageBytes * kPageBytes;
  if (last > first) madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
}

Scratch::~Scratch() {
  release();
}

Scratch& Scratch::operator=(Scratch&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

void Scratch::release() {
  if (data_ != nullptr) ::operator delete(data_, alignment(bytes_));
  data_ = nullptr;
  bytes_ = 0;
}

void Scratch::reserve(std::size_t bytes) {
  if (bytes <= bytes_) return;
  release();
  const std::size_t wanted = rounded_up(bytes);
  data_ = ::operator new(wanted, alignment(wanted));
  bytes_ = wanted;
  wish_huge_pages(data_, wanted);
  std::memset(data_, 0, wanted);
}

}  // namespace pliant
