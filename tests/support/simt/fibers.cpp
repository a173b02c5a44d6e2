#include "fibers.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <boost/context/detail/fcontext.hpp>
#include <cerrno>
#include <system_error>

#include "sanitizer.hpp"

namespace pliant::simt {
namespace {

namespace context = boost::context::detail;

/// A stack frame larger than this could step over the guard.
constexpr std::size_t kGuardBytes = 64 * 1024;
/// Offset between the tops of stacks within 4 KiB; without it all would share a few sets of the caches.
constexpr std::size_t kColourBytes = 448;
constexpr std::size_t kColours = 9;

void arrive(context::transfer_t from) {
  static_cast<Fiber*>(from.data)->context = from.fctx;
}

void enter(context::transfer_t from) {
  enter_stack(nullptr);
  arrive(from);
  fiber_body();
}

void begin(Fiber& fiber, std::size_t number) {
  forget_stack(fiber.stack, fiber.bytes);
  std::byte* top = fiber.stack + fiber.bytes - number % kColours * kColourBytes;
  fiber.context = context::make_fcontext(top, static_cast<std::size_t>(top - fiber.stack), enter);
  fiber.shadow = nullptr;
}

}  // namespace

Fibers::~Fibers() {
  release();
}

void Fibers::release() {
  for (const Fiber& fiber : fibers_) munmap(fiber.stack - kGuardBytes, kGuardBytes + fiber.bytes);
  fibers_.clear();
}

Fiber& Fibers::at(std::size_t number, std::size_t bytes) {
  if (bytes != bytes_) release();
  bytes_ = bytes;
  while (fibers_.size() <= number) {
    const std::size_t stack = (bytes * kStackFactor + kColours * kColourBytes + 4095) / 4096 * 4096;
    void* memory = mmap(nullptr, kGuardBytes + stack, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "stack of a fiber");
    if (mprotect(memory, kGuardBytes, PROT_NONE) != 0) {
      throw std::system_error(errno, std::generic_category(), "guard of a fiber's stack");
    }
    fibers_.push_back({.stack = static_cast<std::byte*>(memory) + kGuardBytes, .bytes = stack});
    begin(fibers_.back(), fibers_.size() - 1);
  }
  return fibers_[number];
}

void Fibers::restart(std::size_t count) {
  for (std::size_t number = 0; number < std::min(count, fibers_.size()); ++number) {
    begin(fibers_[number], number);
  }
}

bool Fibers::guards(const void* address, std::size_t count) const {
  const auto* at = static_cast<const std::byte*>(address);
  return std::any_of(fibers_.begin(),
                     fibers_.begin() + static_cast<std::ptrdiff_t>(std::min(count, fibers_.size())),
                     [&](const Fiber& fiber) { return at < fiber.stack && at >= fiber.stack - kGuardBytes; });
}

void switch_fiber(Fiber& from, Fiber& to) {
  leave_stack(&from.shadow, to.stack, to.bytes);
  arrive(context::jump_fcontext(to.context, &from));
  enter_stack(from.shadow);
}

Fiber own_stack() {
  if (!kSanitized) return {};
  pthread_attr_t attributes;
  void* stack = nullptr;
  std::size_t bytes = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    pthread_attr_getstack(&attributes, &stack, &bytes);
    pthread_attr_destroy(&attributes);
  }
  return {.stack = static_cast<std::byte*>(stack), .bytes = bytes};
}

}  // namespace pliant::simt
