#include "tests/cuda/gpu_memory.hpp"

#include <cuda_runtime_api.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <new>

namespace {

constexpr std::size_t kArenaBytes = std::size_t{2} << 30;
constexpr std::size_t kAlignment = 256;  ///< as cudaMalloc's; a block's length precedes it

/// One managed allocation, divided into blocks whose lengths are powers of two. Freed blocks are reused.
class Arena {
 public:
  int open() {
    void* memory = nullptr;
    const cudaError_t code = cudaMallocManaged(&memory, kArenaBytes, cudaMemAttachGlobal);
    if (code != cudaSuccess) return code;
    next_ = static_cast<std::byte*>(memory);
    end_ = next_ + kArenaBytes;
    return 0;
  }
  bool is_open() const { return end_ != nullptr; }

  void* take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const int power = power_of(bytes);
    if (Block* const block = free_[static_cast<std::size_t>(power)]) {
      free_[static_cast<std::size_t>(power)] = block->next;
      return block;
    }
    const std::size_t length = std::size_t{1} << power;
    if (length > static_cast<std::size_t>(end_ - next_)) {
      std::fprintf(stderr, "the tests' memory on the GPU is full\n");
      std::abort();
    }
    void* const memory = next_;
    next_ += length;
    return memory;
  }
  void give_back(void* memory, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    Block*& first = free_[static_cast<std::size_t>(power_of(bytes))];
    first = ::new (memory) Block{first};
  }

 private:
  struct Block {
    Block* next;
  };
  static int power_of(std::size_t bytes) {
    return static_cast<int>(std::bit_width(bytes < kAlignment ? kAlignment - 1 : bytes - 1));
  }

  std::mutex mutex_;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
  std::array<Block*, 64> free_{};
};

/// Never destroyed, because objects that outlive main() return their memory to it.
Arena& arena() {
  alignas(Arena) static std::byte room[sizeof(Arena)];
  static Arena* const made = ::new (room) Arena;
  return *made;
}

/// Stores a block's length in front of it, or 0 for the system's memory.
void* marked(void* memory, std::size_t bytes) {
  *static_cast<std::size_t*>(memory) = bytes;
  return static_cast<std::byte*>(memory) + kAlignment;
}

void* given(std::size_t bytes) {
  const std::size_t whole = bytes + kAlignment;
  if (arena().is_open()) return marked(arena().take(whole), whole);
  void* const memory = std::aligned_alloc(kAlignment, (whole + kAlignment - 1) / kAlignment * kAlignment);
  if (memory == nullptr) throw std::bad_alloc();
  return marked(memory, 0);
}

void given_back(void* memory) noexcept {
  if (memory == nullptr) return;
  void* const whole = static_cast<std::byte*>(memory) - kAlignment;
  const std::size_t bytes = *static_cast<std::size_t*>(whole);
  if (bytes == 0)
    std::free(whole);
  else
    arena().give_back(whole, bytes);
}

}  // namespace

void* operator new(std::size_t bytes) {
  return given(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  if (static_cast<std::size_t>(alignment) > kAlignment) throw std::bad_alloc();
  return given(bytes);
}
void operator delete(void* memory) noexcept {
  given_back(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  given_back(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  given_back(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  given_back(memory);
}

namespace pliant::test {

int use_gpu_memory() {
  return arena().open();
}

}  // namespace pliant::test
