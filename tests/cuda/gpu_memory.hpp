// Memory for tests that were written for a device which is this process: on a GPU they run unchanged, if all
// that `new` gives lies where both the host and kernels reach it.
#pragma once

namespace pliant::test {

/// From now on `new` gives managed memory, which moves to the GPU while a kernel uses it. Returns CUDA's
/// code.
int use_gpu_memory();

}  // namespace pliant::test
