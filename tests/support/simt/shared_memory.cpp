#include "shared_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "block.hpp"

namespace pliant::simt {
namespace {

constexpr std::byte kCanary{0xc9};
/// Initial contents: -2.6e36 as float, 4227595259 as unsigned.
constexpr std::byte kUnwritten{0xfb};
constexpr std::size_t kGapBytes = 64;
/// Space for the variables, and for the gaps between many small ones.
constexpr std::size_t kArenaBytes = 4 * SharedMemory::kLimitBytes;

std::byte* aligned(std::byte* at, std::size_t to) {
  const auto address = reinterpret_cast<std::uintptr_t>(at);
  return at + ((address + to - 1) / to * to - address);
}

/// Whether the running thread is ordered after an access.
bool before_now(const Thread& self, const Access& access) {
  if (access.block_epoch != self.block->epoch || access.thread == self.index) return true;
  if (access.thread / kLanes != self.index / kLanes) return false;
  return access.warp_epoch != self.warp->epoch ||
         self.warp->clock[self.lane][access.thread % kLanes] >= access.clock;
}

/// Records an access of the running thread in place of `last`. An atomic access does not replace its own
/// plain one.
void put(const Thread& self, bool atomic, Access& last) {
  Access now{self.block->epoch, self.warp->epoch, self.warp->clock[self.lane][self.lane],
             static_cast<std::uint16_t>(self.index), atomic};
  const bool same_time = now.block_epoch == last.block_epoch && now.warp_epoch == last.warp_epoch &&
                         now.clock == last.clock && now.thread == last.thread;
  now.atomic = atomic && (!same_time || last.atomic);
  last = now;
}

[[noreturn]] void fail_race(const Variable& variable, std::size_t index, const char* what,
                            const char* other_what, const Access& other) {
  fail(std::string("race: ") + what + " " + variable.name + "[" + std::to_string(index) + "], which thread " +
       std::to_string(other.thread) + " " + other_what + " with no barrier or warp_barrier between them");
}

}  // namespace

SharedMemory::SharedMemory() : arena_(new std::byte[kArenaBytes]) {}

void SharedMemory::clear() {
  used_ = bytes_ = 0;
  next_ = kGapBytes;
  std::fill_n(arena_.get(), kGapBytes, kCanary);
}

Variable& SharedMemory::add(const void* key) {
  // Blocks of a kernel have the same variables in the same order, so the next block can reuse the shadows.
  for (std::size_t i = used_; i < variables_.size(); ++i) {
    if (variables_[i]->key == key) std::swap(variables_[i], variables_[used_]);
  }
  if (used_ == variables_.size() || variables_[used_]->key != key) {
    variables_.insert(variables_.begin() + static_cast<std::ptrdiff_t>(used_), std::make_unique<Variable>());
  }
  return *variables_[used_++];
}

Variable& SharedMemory::variable(const void* key, const char* name, std::size_t element_bytes,
                                 std::size_t alignment, std::size_t count) {
  for (std::size_t i = 0; i < used_; ++i) {
    if (variables_[i]->key == key) return *variables_[i];
  }
  const std::size_t bytes = element_bytes * count;
  bytes_ += bytes;
  if (bytes_ > kLimitBytes) {
    fail("shared variables of " + std::to_string(bytes_) + " bytes, " + name + " the last (at most " +
         std::to_string(kLimitBytes) + ")");
  }
  // Aligned to the type and no more, because a GPU guarantees no more.
  std::byte* data = aligned(arena_.get() + next_, std::max<std::size_t>(alignment, 16));
  if (alignment < 16) data += alignment;
  std::byte* end = data + bytes;
  if (end + kGapBytes > arena_.get() + kArenaBytes) fail("too many shared variables");
  std::fill(arena_.get() + next_, data, kCanary);
  std::fill(data, end, kUnwritten);
  std::fill_n(end, kGapBytes, kCanary);
  next_ = static_cast<std::size_t>(end - arena_.get()) + kGapBytes;
  Variable& variable = add(key);
  variable.key = key;
  variable.name = name;
  variable.data = data;
  variable.element_bytes = element_bytes;
  variable.count = count;
  variable.shadow.resize(count);
  return variable;
}

Variable* SharedMemory::find(const void* address) {
  const auto* at = static_cast<const std::byte*>(address);
  if (at < arena_.get() || at >= arena_.get() + next_) return nullptr;
  for (std::size_t i = 0; i < used_; ++i) {
    Variable& variable = *variables_[i];
    if (at >= variable.data && at < variable.data + variable.element_bytes * variable.count) return &variable;
  }
  return nullptr;
}

const char* SharedMemory::damaged() const {
  const std::byte* gap = arena_.get();
  const auto intact = [](std::byte byte) { return byte == kCanary; };
  for (std::size_t i = 0; i < used_; ++i) {
    const Variable& variable = *variables_[i];
    const std::byte* end = variable.data + variable.element_bytes * variable.count;
    if (!std::all_of(gap, static_cast<const std::byte*>(variable.data), intact)) return variable.name;
    if (!std::all_of(end, end + kGapBytes, intact)) return variable.name;
    gap = end;
  }
  return nullptr;
}

Variable& shared_variable(const void* key, const char* name, std::size_t element_bytes, std::size_t alignment,
                          std::size_t count) {
  return running->block->shared.variable(key, name, element_bytes, alignment, count);
}

void note_read(Variable& variable, std::size_t index, bool atomic) {
  const Thread& self = *running;
  Shadow& shadow = variable.shadow[index];
  if (!before_now(self, shadow.write) && !(atomic && shadow.write.atomic)) {
    fail_race(variable, index, "reads", "wrote", shadow.write);
  }
  const bool fresh = shadow.read.block_epoch == self.block->epoch;
  if (fresh && shadow.read.thread != self.index) {
    const unsigned warp = self.index / kLanes;
    const bool other_stale = shadow.other_read.block_epoch != self.block->epoch;
    if (other_stale || shadow.other_read.thread / kLanes == warp || shadow.read.thread / kLanes != warp) {
      shadow.other_read = shadow.read;
    }
  }
  put(self, atomic, shadow.read);
}

void note_write(Variable& variable, std::size_t index, bool atomic) {
  const Thread& self = *running;
  Shadow& shadow = variable.shadow[index];
  if (!before_now(self, shadow.write) && !(atomic && shadow.write.atomic)) {
    fail_race(variable, index, "writes", "wrote", shadow.write);
  }
  for (const Access* read : {&shadow.read, &shadow.other_read}) {
    if (!before_now(self, *read) && !(atomic && read->atomic))
      fail_race(variable, index, "writes", "read", *read);
  }
  put(self, atomic, shadow.write);
}

void note_address(const void* address, bool write, bool atomic) {
  Variable* variable = running->block->shared.find(address);
  if (variable == nullptr) return;
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(address) - variable->data);
  const std::size_t index = offset / variable->element_bytes;
  if (write) {
    note_write(*variable, index, atomic);
  } else {
    note_read(*variable, index, atomic);
  }
}

void fail_index(const Variable& variable, std::size_t index) {
  fail(std::string("index ") + std::to_string(index) + " of " + variable.name + ", which has " +
       std::to_string(variable.count) + " elements");
}

}  // namespace pliant::simt
