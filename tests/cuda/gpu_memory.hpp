// Memory for tests whose device is this process. They run unchanged on a GPU if `new` returns memory that
// both the host and kernels can access.
#pragma once

namespace pliant::test {

/// From now on, `new` returns managed memory, which moves to the GPU while a kernel uses it. Returns CUDA's
/// code.
int use_gpu_memory();

}  // namespace pliant::test
