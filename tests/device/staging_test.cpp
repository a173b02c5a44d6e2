// Staging: the number of blocks in flight.
#include "collectives/device/staging.hpp"

#include "collectives/dense/dense.hpp"
#include "collectives/device/device_part.hpp"
#include "tests/device/device_support.hpp"

namespace {

using namespace pliant;
using pliant::test::device_double;

using DeviceStaging = pliant_test::DeviceCall;

constexpr std::int64_t kBlocks = 7;
constexpr std::int64_t kBlockElements = 1000;

/// A block returns only after the second next one has arrived, as when all three stages take equally long.
TEST_F(DeviceStaging, ABlockComesWhileOneIsReducedAndOneGoes) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  cuda::WaitingWork waiting_work{0};
  DevicePart part(*cuda::calls(), 0, waiting_work);
  Workspace workspace;
  workspace.device = std::make_shared<DeviceWorkspace>(part.device);
  const std::vector<float> mine = pliant_test::gradient(rank_, 0, kBlocks * kBlockElements);
  const pliant_test::DeviceBuffer<float> buffer(mine);
  const AllreduceShape shape{{.ranks = ranks_, .hosts = ranks_},
                             {.count = kBlocks * kBlockElements, .memory = Memory::device},
                             {},
                             {.stage_bytes = kBlockElements * 4}};
  AllreduceCall call{.comm = comm,
                     .workspace = workspace,
                     .kernels = scalar_kernels,
                     .shape = shape,
                     .data = reinterpret_cast<std::byte*>(buffer.data()),
                     .device = &part,
                     .own = {},
                     .outcome = {}};
  device_double().options().copies_ahead = 2;
  device_double().options().copies_in_all = kBlocks;
  workspace.execution.start(run_anywhere(call, ring_allreduce));
  workspace.execution.finish();
  EXPECT_EQ(buffer.get(), pliant_test::exact_sum(mine, MPI_COMM_WORLD));
  EXPECT_EQ(device_double().counters().copies_to_device, kBlocks);
}

}  // namespace
