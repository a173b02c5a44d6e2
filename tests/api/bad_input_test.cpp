// Bad arguments give an error in the usual grammar, change nothing, and leave the communicator usable.
#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

void expect_refused(int code, int expected, const std::string& says, MPI_Comm comm) {
  EXPECT_EQ(code, expected);
  const std::string text = message(code);
  EXPECT_EQ(text.rfind("pliant rank " + std::to_string(rank_of(comm)) + ": ", 0), 0U) << text;
  EXPECT_NE(text.find(says), std::string::npos) << text;
  float one = 1;
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, &one, 1, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(one, static_cast<float>(ranks_of(comm)));
}

TEST(BadInput, NegativeCount) {
  const FreshComm comm;
  float buffer[2] = {5, 6};
  expect_refused(Pliant_Allreduce(MPI_IN_PLACE, buffer, -1, MPI_FLOAT, MPI_SUM, comm), MPI_ERR_COUNT,
                 "count = -1 (must be >= 0)", comm);
  EXPECT_EQ(buffer[0], 5);
}

TEST(BadInput, NullBuffers) {
  const FreshComm comm;
  float buffer[2] = {5, 6};
  expect_refused(Pliant_Allreduce(nullptr, buffer, 2, MPI_FLOAT, MPI_SUM, comm), MPI_ERR_BUFFER,
                 "sendbuf is NULL", comm);
  expect_refused(Pliant_Allreduce(buffer, nullptr, 2, MPI_FLOAT, MPI_SUM, comm), MPI_ERR_BUFFER,
                 "recvbuf is NULL", comm);
  expect_refused(Pliant_Allreduce(buffer, MPI_IN_PLACE, 2, MPI_FLOAT, MPI_SUM, comm), MPI_ERR_BUFFER,
                 "recvbuf is MPI_IN_PLACE", comm);
}

TEST(BadInput, OverlappingBuffers) {
  const FreshComm comm;
  std::vector<float> buffer(12, 1.0F);
  expect_refused(Pliant_Allreduce(buffer.data(), buffer.data() + 3, 8, MPI_FLOAT, MPI_SUM, comm),
                 MPI_ERR_BUFFER, "overlap", comm);
  EXPECT_EQ(buffer, std::vector<float>(12, 1.0F));
}

TEST(BadInput, RequestsAndTheirArguments) {
  const FreshComm comm;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  EXPECT_EQ(Pliant_Start(PLIANT_REQUEST_NULL), MPI_ERR_REQUEST);
  EXPECT_NE(message(MPI_ERR_REQUEST).find("PLIANT_REQUEST_NULL"), std::string::npos);
  EXPECT_EQ(Pliant_Request_free(nullptr), MPI_ERR_REQUEST);
  EXPECT_EQ(Pliant_Waitall(2, nullptr), MPI_ERR_ARG);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);

  float buffer[4] = {};
  auto request = reinterpret_cast<Pliant_Request>(buffer);  // whatever a variable holds before its first use
  expect_refused(Pliant_Allreduce_init(buffer, nullptr, 4, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL, &request),
                 MPI_ERR_BUFFER, "recvbuf is NULL", comm);
  EXPECT_EQ(request, PLIANT_REQUEST_NULL) << "a program that overlooks the error gets another, not a crash";
  expect_refused(Pliant_Grouped_allreduce_init(0, nullptr, nullptr, nullptr, MPI_FLOAT, MPI_SUM, comm,
                                               MPI_INFO_NULL, &request),
                 MPI_ERR_ARG, "ntensors = 0", comm);
  ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, buffer, 4, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL, &request),
            MPI_SUCCESS);
  Pliant_Report report{};
  report.size = sizeof report;
  EXPECT_EQ(Pliant_Request_get_report(request, &report), MPI_ERR_REQUEST);
  ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
  EXPECT_EQ(Pliant_Start(request), MPI_ERR_REQUEST);
  EXPECT_NE(message(MPI_ERR_REQUEST).find("it must be inactive"), std::string::npos);
  EXPECT_EQ(Pliant_Request_free(&request), MPI_ERR_REQUEST);
  EXPECT_EQ(Pliant_Request_flush(request), MPI_ERR_REQUEST);
  ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS) << "an inactive request is complete";
  report.size = 3;
  EXPECT_EQ(Pliant_Request_get_report(request, &report), MPI_ERR_ARG);
  ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  EXPECT_EQ(request, PLIANT_REQUEST_NULL);
}

TEST(BadInput, InspectionNeedsPlaceForItsAnswer) {
  EXPECT_EQ(Pliant_Setting_get_num(nullptr), MPI_ERR_ARG);
  EXPECT_EQ(Pliant_Setting_get_info(0, nullptr), MPI_ERR_ARG);
  for (const auto get_num : {Pliant_Algorithm_get_num, Pliant_Kernels_get_num, Pliant_Index_codec_get_num,
                             Pliant_Value_codec_get_num})
    EXPECT_EQ(get_num(nullptr), MPI_ERR_ARG);
  for (const auto get_info : {Pliant_Algorithm_get_info, Pliant_Kernels_get_info, Pliant_Index_codec_get_info,
                              Pliant_Value_codec_get_info})
    EXPECT_EQ(get_info(0, nullptr), MPI_ERR_ARG);
}

TEST(BadInput, ErrorNamesTheTensor) {
  const FreshComm comm;
  MPI_Info info = MPI_INFO_NULL;
  MPI_Info_create(&info);
  MPI_Info_set(info, "pliant_name", "conv1.weight");
  float buffer[4] = {};
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, buffer, 4, MPI_FLOAT, MPI_SUM, comm, info, &request),
            MPI_SUCCESS);
  MPI_Info_free(&info);
  EXPECT_EQ(Pliant_Test(request, nullptr), MPI_ERR_ARG);
  EXPECT_NE(message(MPI_ERR_ARG).find("tensor 'conv1.weight': flag is NULL"), std::string::npos);
  ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

TEST(BadInput, IntercommunicatorOnlyForTheDropIn) {
  const int rank = rank_of(MPI_COMM_WORLD);
  if (ranks_of(MPI_COMM_WORLD) < 2) GTEST_SKIP() << "an intercommunicator needs two ranks";
  MPI_Comm side = MPI_COMM_NULL;
  MPI_Comm inter = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, rank == 0 ? 0 : 1, rank, &side);
  MPI_Intercomm_create(side, 0, MPI_COMM_WORLD, rank == 0 ? 1 : 0, 5, &inter);
  MPI_Comm_set_errhandler(inter, MPI_ERRORS_RETURN);
  EXPECT_EQ(Pliant_Comm_probe(inter), MPI_ERR_COMM);
  EXPECT_NE(message(MPI_ERR_COMM).find("intercommunicator"), std::string::npos);
  MPI_Comm_free(&inter);
  MPI_Comm_free(&side);
}

TEST(BadInput, ReportsBeforeThereIsOne) {
  const FreshComm comm;
  Pliant_Report report{};
  report.size = sizeof report;
  EXPECT_EQ(Pliant_Comm_get_report(comm, &report), MPI_ERR_OTHER);
  int n = 0;
  expect_refused(Pliant_Comm_plan(comm, 1000, MPI_FLOAT, MPI_SUM, 1, &report, &n), MPI_ERR_OTHER,
                 "not measured yet", comm);
}

TEST(BadInput, OtherCodesAreMpisOwn) {
  char expected[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(MPI_ERR_TRUNCATE, expected, &length);
  EXPECT_EQ(message(MPI_ERR_TRUNCATE), expected);
}

TEST(BadInput, MismatchedTypeAndOperationAreMpisErrors) {
  const FreshComm comm;
  float value = 1;
  EXPECT_NE(Pliant_Allreduce(MPI_IN_PLACE, &value, 1, MPI_DATATYPE_NULL, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_NE(Pliant_Allreduce(MPI_IN_PLACE, &value, 1, MPI_FLOAT, MPI_OP_NULL, comm), MPI_SUCCESS);
  EXPECT_EQ(value, 1);
}

}  // namespace
