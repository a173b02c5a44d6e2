// Built without CUDA.
#include <dlfcn.h>

#include <cstdint>

#include "kernels/cuda/calls.hpp"

namespace pliant::cuda {
namespace {

// The driver's interface, which is fixed: cuPointerGetAttribute(out, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
// pointer) gives CU_MEMORYTYPE_DEVICE for a device's memory.
using PointerGetAttribute = int (*)(void* out, int attribute, std::uintptr_t pointer);
constexpr int kMemoryType = 2;
constexpr unsigned kDeviceMemory = 2;

}  // namespace

const Calls* calls() {
  return nullptr;
}

bool is_foreign_device_memory(const void* pointer) {
  void* const driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (driver == nullptr) return false;
  const auto get = reinterpret_cast<PointerGetAttribute>(dlsym(driver, "cuPointerGetAttribute"));
  unsigned type = 0;
  const bool known =
      get != nullptr && get(&type, kMemoryType, reinterpret_cast<std::uintptr_t>(pointer)) == 0;
  dlclose(driver);
  return known && type == kDeviceMemory;
}

}  // namespace pliant::cuda
