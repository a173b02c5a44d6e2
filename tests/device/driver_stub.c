/* A libcuda.so.1 that knows one address of a device: what a program that uses a GPU has loaded. */
#include <stdint.h>

int stub_device_memory[1000];

int cuPointerGetAttribute(void* out, int attribute, uintptr_t pointer) {
  const uintptr_t begin = (uintptr_t)stub_device_memory;
  if (attribute != 2 || pointer < begin || pointer >= begin + sizeof stub_device_memory) return 1;
  *(unsigned*)out = 2;
  return 0;
}
