// Persistent and grouped requests.
#include <numeric>

#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

TEST(Request, ManyStartsGiveManySums) {
  const FreshComm comm;
  std::vector<std::int32_t> send(100);
  std::vector<std::int32_t> result(100);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(
      Pliant_Allreduce_init(send.data(), result.data(), 100, MPI_INT, MPI_SUM, comm, MPI_INFO_NULL, &request),
      MPI_SUCCESS);
  for (int step = 0; step < 5; ++step) {
    send.assign(100, step + comm.rank());
    ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
    int flag = 0;
    while (flag == 0) {
      ASSERT_EQ(Pliant_Test(request, &flag), MPI_SUCCESS);
    }
    EXPECT_EQ(result[99], comm.ranks() * step + comm.ranks() * (comm.ranks() - 1) / 2);
  }
  ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

TEST(Request, WaitedForInAnotherOrderThanStarted) {
  const FreshComm comm;
  std::vector<std::vector<float>> buffers(3, std::vector<float>(2000, 1.0F));
  std::vector<Pliant_Request> requests(3);
  for (std::size_t i = 0; i < 3; ++i)
    ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, buffers[i].data(), 2000, MPI_FLOAT, MPI_SUM, comm,
                                    MPI_INFO_NULL, &requests[i]),
              MPI_SUCCESS);
  ASSERT_EQ(Pliant_Startall(3, requests.data()), MPI_SUCCESS);
  // Even ranks wait in reverse order.
  for (std::size_t i = 0; i < 3; ++i)
    ASSERT_EQ(Pliant_Wait(requests[comm.rank() % 2 == 0 ? 2 - i : i]), MPI_SUCCESS);
  for (const auto& buffer : buffers)
    EXPECT_EQ(buffer, std::vector<float>(2000, static_cast<float>(comm.ranks())));
  for (Pliant_Request& request : requests) ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

TEST(Request, BlockingCallRunsWhatWasStartedFirst) {
  const FreshComm comm;
  std::vector<float> started(500, 1.0F);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, started.data(), 500, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL,
                                  &request),
            MPI_SUCCESS);
  ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
  std::vector<float> other(500, 2.0F);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, other.data(), 500, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
  EXPECT_EQ(started[0], static_cast<float>(comm.ranks()));
  EXPECT_EQ(other[0], 2 * static_cast<float>(comm.ranks()));
  ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

TEST(Request, TypesWithoutKernelsGoToMpi) {
  const FreshComm comm;
  std::vector<unsigned char> values(64, 1);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), 64, MPI_UNSIGNED_CHAR, MPI_SUM, comm,
                                  MPI_INFO_NULL, &request),
            MPI_SUCCESS);
  ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
  EXPECT_EQ(values, std::vector<unsigned char>(64, static_cast<unsigned char>(comm.ranks())));
  EXPECT_STREQ(report_of(request).algorithm, "mpi");
  ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

TEST(Request, OwnSettingsDoNotTouchTheCommunicator) {
  const FreshComm comm;
  MPI_Info info = MPI_INFO_NULL;
  MPI_Info_create(&info);
  MPI_Info_set(info, "pliant_mode", "topk");
  MPI_Info_set(info, "pliant_algorithm", "allgather_topk");
  MPI_Info_set(info, "pliant_min_bytes", "0");
  std::vector<float> lossy = gradient(comm.rank(), 0, 1000);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, lossy.data(), 1000, MPI_FLOAT, MPI_SUM, comm, info, &request),
            MPI_SUCCESS);
  MPI_Info_free(&info);
  ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
  EXPECT_EQ(report_of(request).kept, 10);
  EXPECT_EQ(value_in_force(comm, "pliant_mode"), "exact");
  ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

/// Three tensors in one request give the result of their concatenation.
TEST(Grouped, IsTopKOfAllTensorsTogether) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                       {"pliant_min_bytes", "0"},
                       {"pliant_density", "0.05"},
                       {"pliant_algorithm", "allgather_topk"}}),
            MPI_SUCCESS);
  const std::vector<std::size_t> counts = {700, 1, 1299};
  std::vector<float> whole(2000);
  std::vector<std::vector<float>> parts;
  for (const std::size_t count : counts) parts.emplace_back(count);
  const void* send[] = {MPI_IN_PLACE, MPI_IN_PLACE, MPI_IN_PLACE};
  void* recv[] = {parts[0].data(), parts[1].data(), parts[2].data()};
  const MPI_Count lengths[] = {700, 1, 1299};
  Pliant_Request grouped = PLIANT_REQUEST_NULL;
  Pliant_Request single = PLIANT_REQUEST_NULL;
  ASSERT_EQ(Pliant_Grouped_allreduce_init(3, send, recv, lengths, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL,
                                          &grouped),
            MPI_SUCCESS);
  ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, whole.data(), 2000, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL,
                                  &single),
            MPI_SUCCESS);
  for (int step = 0; step < 3; ++step) {
    fill_gradient(whole, comm.rank(), step);
    std::copy_n(whole.begin(), 700, parts[0].begin());
    parts[1][0] = whole[700];
    std::copy_n(whole.begin() + 701, 1299, parts[2].begin());
    Pliant_Request both[] = {grouped, single};
    ASSERT_EQ(Pliant_Startall(2, both), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Waitall(2, both), MPI_SUCCESS);
    std::vector<float> together = parts[0];
    together.insert(together.end(), parts[1].begin(), parts[1].end());
    together.insert(together.end(), parts[2].begin(), parts[2].end());
    EXPECT_EQ(together, whole);
    EXPECT_EQ(report_of(grouped).kept, 100);
  }
  ASSERT_EQ(Pliant_Request_flush(grouped), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Request_flush(single), MPI_SUCCESS);
  EXPECT_EQ(parts[1][0], whole[700]);
  EXPECT_TRUE(std::equal(parts[2].begin(), parts[2].end(), whole.begin() + 701));
  ASSERT_EQ(Pliant_Request_free(&grouped), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Request_free(&single), MPI_SUCCESS);
}

}  // namespace
