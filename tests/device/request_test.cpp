// Requests on device buffers: groups, several pending requests, state.
#include <cstdio>
#include <memory>

#include "tests/device/device_support.hpp"

namespace {

using namespace pliant_test;
using pliant::test::device_double;

class DeviceRequest : public DeviceCall {};

TEST_F(DeviceRequest, AGroupIsPackedOnTheDevice) {
  const FreshComm comm;
  const DeviceBuffer<float> a(gradient(comm.rank(), 0, 1000));
  const DeviceBuffer<float> b(gradient(comm.rank(), 1, 20'001));
  void* const buffers[] = {a.data(), b.data()};
  const void* const sends[] = {MPI_IN_PLACE, MPI_IN_PLACE};
  const MPI_Count counts[] = {1000, 20'001};
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(Pliant_Grouped_allreduce_init(2, sends, buffers, counts, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL,
                                          &request),
            MPI_SUCCESS);
  ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
  EXPECT_EQ(a.get(), exact_sum(gradient(comm.rank(), 0, 1000), comm));
  EXPECT_EQ(b.get(), exact_sum(gradient(comm.rank(), 1, 20'001), comm));
  ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

TEST_F(DeviceRequest, SeveralByNcclTakeTurns) {
  for (std::uint32_t seed = 0; seed < 4; ++seed) {
    device_double().set_schedule(pliant::test::random_order(seed));
    for (const char* name : {"nccl_star", "nccl"}) {
      SCOPED_TRACE(name);
      const FreshComm comm;
      ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                           {"pliant_min_bytes", "0"},
                           {"pliant_algorithm", name},
                           {"pliant_nccl_timeout_s", "20"}}),
                MPI_SUCCESS);
      std::vector<std::unique_ptr<DeviceBuffer<float>>> buffers;
      std::vector<Pliant_Request> requests(3, PLIANT_REQUEST_NULL);
      for (int i = 0; i < 3; ++i) {
        buffers.push_back(std::make_unique<DeviceBuffer<float>>(gradient(comm.rank(), i, 9000)));
        ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, buffers.back()->data(), 9000, MPI_FLOAT, MPI_SUM, comm,
                                        MPI_INFO_NULL, &requests[static_cast<std::size_t>(i)]),
                  MPI_SUCCESS);
      }
      ASSERT_EQ(Pliant_Startall(3, requests.data()), MPI_SUCCESS);
      const int code = Pliant_Waitall(3, requests.data());
      ASSERT_EQ(code, MPI_SUCCESS) << message(code);
      for (int i = 0; i < 3; ++i) {
        const auto at = static_cast<std::size_t>(i);
        EXPECT_STREQ(report_of(requests[at]).algorithm, name);
        ASSERT_EQ(Pliant_Request_flush(requests[at]), MPI_SUCCESS);
        EXPECT_EQ(buffers[at]->get(), exact_sum(gradient(comm.rank(), i, 9000), comm)) << i;
        ASSERT_EQ(Pliant_Request_free(&requests[at]), MPI_SUCCESS);
      }
    }
  }
}

TEST_F(DeviceRequest, SeveralAreUnderWayInAnyOrder) {
  const FreshComm comm;
  ASSERT_EQ(
      set(comm, {{"pliant_mode", "topk"}, {"pliant_min_bytes", "0"}, {"pliant_algorithm", "star_ring,ring"}}),
      MPI_SUCCESS);
  const DeviceBuffer<float> a(gradient(comm.rank(), 0, 9000));
  const DeviceBuffer<float> b(gradient(comm.rank(), 1, 9000));
  Pliant_Request requests[2];
  Pliant_Allreduce_init(MPI_IN_PLACE, a.data(), 9000, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL, &requests[0]);
  Pliant_Allreduce_init(MPI_IN_PLACE, b.data(), 9000, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL, &requests[1]);
  std::vector<float> sums[2] = {std::vector<float>(9000, 0.0F), std::vector<float>(9000, 0.0F)};
  for (int step = 0; step < 3; ++step) {
    a.set(gradient(comm.rank(), 2 * step, 9000));
    b.set(gradient(comm.rank(), 2 * step + 1, 9000));
    const int first = (comm.rank() + step) % 2;
    ASSERT_EQ(Pliant_Start(requests[first]), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Start(requests[1 - first]), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Waitall(2, requests), MPI_SUCCESS);
    if (step == 2) {
      ASSERT_EQ(Pliant_Request_flush(requests[0]), MPI_SUCCESS);
      ASSERT_EQ(Pliant_Request_flush(requests[1]), MPI_SUCCESS);
    }
    const std::vector<float> results[2] = {a.get(), b.get()};
    for (int which = 0; which < 2; ++which)
      for (std::size_t i = 0; i < 9000; ++i) sums[which][i] += results[which][i];
  }
  for (int which = 0; which < 2; ++which) {
    std::vector<float> expected(9000, 0.0F);
    for (int step = 0; step < 3; ++step) {
      const auto sum = exact_sum(gradient(comm.rank(), 2 * step + which, 9000), comm);
      for (std::size_t i = 0; i < 9000; ++i) expected[i] += sum[i];
    }
    EXPECT_EQ(sums[which], expected) << which;
    ASSERT_EQ(Pliant_Request_free(&requests[which]), MPI_SUCCESS);
  }
}

TEST_F(DeviceRequest, AResidualOnTheDeviceIsSavedAndLoaded) {
  const std::string path = "device_state.h5";
  const Pairs pairs = {{"pliant_mode", "topk"},
                       {"pliant_min_bytes", "0"},
                       {"pliant_algorithm", "star_ring"},
                       {"pliant_name", "t"}};
  std::vector<float> first;
  std::vector<float> again;
  for (std::vector<float>* flushed : {&first, &again}) {
    const FreshComm comm;
    ASSERT_EQ(set(comm, pairs), MPI_SUCCESS);
    const DeviceBuffer<float> buffer(gradient(comm.rank(), 0, 9000));
    Pliant_Request request = PLIANT_REQUEST_NULL;
    ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, buffer.data(), 9000, MPI_FLOAT, MPI_SUM, comm,
                                    MPI_INFO_NULL, &request),
              MPI_SUCCESS);
    if (flushed == &first) {
      ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
      ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
      ASSERT_EQ(Pliant_Comm_save_state(comm, path.c_str()), MPI_SUCCESS);
    } else {
      ASSERT_EQ(Pliant_Comm_load_state(comm, path.c_str()), MPI_SUCCESS);
    }
    buffer.set(gradient(comm.rank(), 1, 9000));
    ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Request_flush(request), MPI_SUCCESS);
    *flushed = buffer.get();
    ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  }
  EXPECT_EQ(first, again);
  MPI_Barrier(MPI_COMM_WORLD);
  std::remove(path.c_str());
}

}  // namespace
