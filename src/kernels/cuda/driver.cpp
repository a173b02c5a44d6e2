// Classifies pointers by asking the driver that the program has loaded. CUDA's runtime would create a context
// on the thread's device for this, even in programs that use no GPU.
#include <dlfcn.h>

#include <atomic>
#include <cstdint>

#include "kernels/cuda/calls.hpp"

namespace pliant::cuda {
namespace {

// The driver's interface, which is fixed: CUpointer_attribute, CUmemorytype and CUresult of cuda.h.
using PointerGetAttribute = int (*)(void* out, int attribute, std::uintptr_t pointer);
constexpr int kMemoryType = 2;
constexpr int kIsManaged = 8;
constexpr int kDeviceOrdinal = 9;
constexpr unsigned kDeviceMemory = 2;
constexpr int kUnknownPointer = 1;  // CUDA_ERROR_INVALID_VALUE
constexpr int kNotInitialized = 3;
constexpr int kDeinitialized = 4;

/// Null if the program has loaded no driver. A driver, once found, is remembered.
PointerGetAttribute driver() {
  static std::atomic<PointerGetAttribute> known{nullptr};
  if (const PointerGetAttribute found = known) return found;
  void* const library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) return nullptr;
  known = reinterpret_cast<PointerGetAttribute>(dlsym(library, "cuPointerGetAttribute"));
  return known;
}

std::atomic<bool>& used() {
  static std::atomic<bool> value{false};
  return value;
}

}  // namespace

int find_memory(PointerFacts* facts, const void* pointer) {
  *facts = {};
  const PointerGetAttribute get = driver();
  if (get == nullptr) return 0;
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  unsigned type = 0;
  int code = get(&type, kMemoryType, address);
  if (code == kNotInitialized || code == kDeinitialized) return 0;
  used() = true;
  if (code == kUnknownPointer) return 0;
  unsigned managed = 0;
  int device = -1;
  if (code == 0) code = get(&managed, kIsManaged, address);
  if (code == 0) code = get(&device, kDeviceOrdinal, address);
  if (code != 0) return code;
  const bool there = managed != 0 || type == kDeviceMemory;
  *facts = {managed != 0 ? MemoryKind::managed : there ? MemoryKind::device : MemoryKind::pinned, device};
  return 0;
}

bool driver_is_used() {
  return used();
}

}  // namespace pliant::cuda
