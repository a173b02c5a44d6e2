/* A stand-in for libcuda.so.1, which a GPU program has loaded. It knows three addresses of device 2, and
 * counts the contexts that are current. */
#include <stdint.h>

int stub_device_memory[1000];
int stub_managed_memory[1000];
int stub_pinned_memory[1000];
int stub_is_initialized = 1;
int stub_failure = 0; /* of every query, where it is not 0 */
int stub_contexts = 0;

static int is_in(const int* memory, uintptr_t pointer) {
  return pointer >= (uintptr_t)memory && pointer < (uintptr_t)(memory + 1000);
}

int cuPointerGetAttribute(void* out, int attribute, uintptr_t pointer) {
  const int managed = is_in(stub_managed_memory, pointer);
  const int device = is_in(stub_device_memory, pointer);
  if (!stub_is_initialized) return 3;
  if (stub_failure != 0) return stub_failure;
  if (!managed && !device && !is_in(stub_pinned_memory, pointer)) return 1;
  switch (attribute) {
    case 2: /* CU_POINTER_ATTRIBUTE_MEMORY_TYPE: host 1, device 2 */
      *(unsigned*)out = managed || device ? 2 : 1;
      return 0;
    case 8: /* CU_POINTER_ATTRIBUTE_IS_MANAGED */
      *(unsigned*)out = (unsigned)managed;
      return 0;
    case 9: /* CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL */
      *(int*)out = 2;
      return 0;
    default:
      return 1;
  }
}

int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return 0;
}

int cuDevicePrimaryCtxRetain(void** context, int device) {
  *context = &stub_device_memory[device];
  return 0;
}

int cuDevicePrimaryCtxRelease_v2(int device) {
  return device < 0;
}

int cuCtxPushCurrent_v2(void* context) {
  ++stub_contexts;
  return context == 0;
}

int cuCtxPopCurrent_v2(void** context) {
  *context = 0;
  --stub_contexts;
  return 0;
}
