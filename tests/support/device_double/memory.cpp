#include "memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

namespace pliant::test {
namespace {

using cuda::MemoryKind;

constexpr std::size_t kAlignment = 256;  ///< of cudaMalloc
constexpr int kGarbage = 0xff;
constexpr std::byte kCanary{0xa5};

std::size_t rounded_up(std::size_t bytes, std::size_t to) {
  return (bytes + to - 1) / to * to;
}

bool on_device(MemoryKind kind) {
  return kind == MemoryKind::device || kind == MemoryKind::managed;
}

Allocation mapped(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t padded = rounded_up(bytes, kAlignment);
  Allocation made;
  made.bytes = bytes;
  made.mapped = rounded_up(padded, page);
  void* memory = mmap(nullptr, made.mapped + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory, made.mapped, PROT_READ | PROT_WRITE) != 0) {
    std::perror("device double: no memory");
    std::abort();
  }
  made.mapping = static_cast<std::byte*>(memory);
  made.base = made.mapping + (made.mapped - padded);
  std::fill(made.mapping, made.base, kCanary);
  std::fill(made.base + bytes, made.mapping + made.mapped, kCanary);
  return made;
}

std::string described(const Allocation& allocation) {
  return std::to_string(allocation.bytes) + " bytes of " + memory_name(allocation.kind) + " memory, device " +
         std::to_string(allocation.device);
}

}  // namespace

const char* memory_name(MemoryKind kind) {
  constexpr const char* kNames[] = {"host", "pinned", "device", "managed"};
  return kNames[static_cast<int>(kind)];
}

void* DoubleMemory::allocate(MemoryKind kind, int device, std::size_t bytes) {
  Allocation made;
  if (on_device(kind)) {
    made = mapped(bytes);
  } else {
    made.bytes = bytes;
    made.base = static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded_up(bytes, kAlignment)));
  }
  made.kind = kind;
  made.device = device;
  std::memset(made.base, kGarbage, bytes);
  protect(made);
  allocations_.emplace(made.base, made);
  return made.base;
}

bool DoubleMemory::release(void* memory, bool pinned) {
  const auto found = allocations_.find(static_cast<std::byte*>(memory));
  if (found == allocations_.end() || on_device(found->second.kind) == pinned) return false;
  dispose(found->second);
  allocations_.erase(found);
  return true;
}

void DoubleMemory::dispose(const Allocation& allocation) {
  if (allocation.mapping == nullptr)
    std::free(allocation.base);
  else
    munmap(allocation.mapping, allocation.mapped + static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
}

void DoubleMemory::clear() {
  for (const auto& [base, allocation] : allocations_) dispose(allocation);
  allocations_.clear();
}

Allocation* DoubleMemory::find(const void* address) {
  auto* const at = static_cast<std::byte*>(const_cast<void*>(address));
  auto after =
      std::upper_bound(allocations_.begin(), allocations_.end(), at,
                       [](std::byte* a, const auto& b) { return std::less<std::byte*>{}(a, b.first); });
  if (after == allocations_.begin()) return nullptr;
  Allocation& before = std::prev(after)->second;
  return at < before.base + before.bytes ? &before : nullptr;
}

bool DoubleMemory::whole(const void* address, std::size_t bytes) {
  const Allocation* allocation = find(address);
  if (allocation == nullptr) return true;
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(address) - allocation->base);
  return bytes <= allocation->bytes - offset;
}

void DoubleMemory::protect(const Allocation& allocation) {
  if (allocation.kind != MemoryKind::device) return;
  const bool usable = access_ == Access::open || allocation.users > 0;
  if (mprotect(allocation.mapping, allocation.mapped, usable ? PROT_READ | PROT_WRITE : PROT_NONE) != 0) {
    std::perror("device double: mprotect");
    std::abort();
  }
}

void DoubleMemory::set_access(Access access) {
  access_ = access;
  for (const auto& [base, allocation] : allocations_) protect(allocation);
}

void DoubleMemory::open(Allocation* allocation) {
  if (allocation != nullptr && allocation->users++ == 0) protect(*allocation);
}

void DoubleMemory::close(Allocation* allocation) {
  if (allocation != nullptr && --allocation->users == 0) protect(*allocation);
}

void DoubleMemory::open_device(int device) {
  for (auto& [base, allocation] : allocations_)
    if (allocation.device == device) open(&allocation);
}

void DoubleMemory::close_device(int device) {
  for (auto& [base, allocation] : allocations_)
    if (allocation.device == device) close(&allocation);
}

std::string DoubleMemory::damage() {
  for (auto& [base, allocation] : allocations_) {
    if (allocation.mapping == nullptr) continue;
    open(&allocation);
    const auto intact = [](std::byte b) { return b == kCanary; };
    const bool below = std::all_of(allocation.mapping, base, intact);
    const bool above = std::all_of(base + allocation.bytes, allocation.mapping + allocation.mapped, intact);
    close(&allocation);
    if (!below || !above)
      return std::string("written ") + (below ? "beyond the end of " : "before the beginning of ") +
             described(allocation);
  }
  return "";
}

std::size_t DoubleMemory::held(MemoryKind kind, int device) const {
  std::size_t bytes = 0;
  for (const auto& [base, allocation] : allocations_)
    if (allocation.kind == kind && allocation.device == device) bytes += allocation.bytes;
  return bytes;
}

std::string DoubleMemory::list() const {
  std::string text;
  for (const auto& [base, allocation] : allocations_) text += described(allocation) + "; ";
  return text;
}

}  // namespace pliant::test
