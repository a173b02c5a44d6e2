// Tells AddressSanitizer when stacks change; does nothing in other builds.
#pragma once

#include <cstddef>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace pliant::simt {

#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kSanitized = true;
inline constexpr std::size_t kStackFactor = 4;  // red zones
inline void leave_stack(void** shadow, const void* to, std::size_t bytes) {
  __sanitizer_start_switch_fiber(shadow, to, bytes);
}
inline void enter_stack(void* shadow) {
  __sanitizer_finish_switch_fiber(shadow, nullptr, nullptr);
}
inline void forget_stack(const void* stack, std::size_t bytes) {
  __asan_unpoison_memory_region(stack, bytes);
}
#else
inline constexpr bool kSanitized = false;
inline constexpr std::size_t kStackFactor = 1;
inline void leave_stack(void** /*shadow*/, const void* /*to*/, std::size_t /*bytes*/) {}
inline void enter_stack(void* /*shadow*/) {}
inline void forget_stack(const void* /*stack*/, std::size_t /*bytes*/) {}
#endif

}  // namespace pliant::simt
