// PLIANT_CHECK: if ranks disagree, all of them get an error, and nothing is reduced.
#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

class Alike : public testing::Test {
 protected:
  void SetUp() override {
    if (ranks_ < 2) GTEST_SKIP() << "nobody to disagree with";
    ASSERT_EQ(set(comm_, {{"pliant_check", "true"}}), MPI_SUCCESS);
  }

  /// Every rank got the same message, with the values of both sides.
  void expect_told(int code, const std::string& one, const std::string& other) const {
    EXPECT_EQ(code, MPI_ERR_ARG);
    const std::string text = message(MPI_ERR_ARG);
    EXPECT_NE(text.find(one), std::string::npos) << text;
    EXPECT_NE(text.find(other), std::string::npos) << text;
    EXPECT_NE(text.find("rank 0 reduces"), std::string::npos) << text;
  }

  void expect_usable() const {
    int value = 1;
    EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT, MPI_SUM, comm_), MPI_SUCCESS);
    EXPECT_EQ(value, ranks_);
  }

  const FreshComm comm_;
  const int rank_ = comm_.rank();
  const int ranks_ = comm_.ranks();
  const bool last_ = rank_ == ranks_ - 1;
};

TEST_F(Alike, ThoseWhoAgreeNoticeNothing) {
  std::vector<float> values(30'000, 1.0F);
  EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 30'000, MPI_FLOAT, MPI_SUM, comm_), MPI_SUCCESS);
  EXPECT_EQ(values, std::vector<float>(30'000, static_cast<float>(ranks_)));
  expect_usable();
}

TEST_F(Alike, Count) {
  std::vector<float> values(100, 1.0F);
  const int count = last_ ? 99 : 100;
  expect_told(Pliant_Allreduce(MPI_IN_PLACE, values.data(), count, MPI_FLOAT, MPI_SUM, comm_), "100 elements",
              "99 elements");
  EXPECT_EQ(values, std::vector<float>(100, 1.0F));
  expect_usable();
}

TEST_F(Alike, NothingOnOneRank) {
  float value = 1;
  expect_told(Pliant_Allreduce(MPI_IN_PLACE, &value, last_ ? 0 : 1, MPI_FLOAT, MPI_SUM, comm_), "1 elements",
              "0 elements");
  EXPECT_EQ(value, 1);
  expect_usable();
}

TEST_F(Alike, Type) {
  std::vector<double> values(10, 1.0);
  expect_told(
      Pliant_Allreduce(MPI_IN_PLACE, values.data(), 10, last_ ? MPI_FLOAT : MPI_DOUBLE, MPI_SUM, comm_),
      "MPI_DOUBLE", "MPI_FLOAT");
  EXPECT_EQ(values, std::vector<double>(10, 1.0));
  expect_usable();
}

TEST_F(Alike, TypeThatOnlyMpiKnows) {
  std::vector<double> values(10, 1.0);
  const MPI_Datatype type = last_ ? MPI_UNSIGNED_CHAR : MPI_DOUBLE;
  expect_told(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 10, type, MPI_SUM, comm_), "MPI_DOUBLE",
              "MPI_UNSIGNED_CHAR");
  EXPECT_EQ(values, std::vector<double>(10, 1.0));
  expect_usable();
}

TEST_F(Alike, Operation) {
  float value = 1;
  expect_told(Pliant_Allreduce(MPI_IN_PLACE, &value, 1, MPI_FLOAT, last_ ? MPI_MAX : MPI_SUM, comm_),
              "MPI_SUM", "MPI_MAX");
  EXPECT_EQ(value, 1);
  expect_usable();
}

TEST_F(Alike, OrderOfStarts) {
  std::vector<std::vector<float>> values(2, std::vector<float>(10, 1.0F));
  std::vector<Pliant_Request> requests(2);
  for (std::size_t i = 0; i < 2; ++i) {
    MPI_Info info = MPI_INFO_NULL;
    MPI_Info_create(&info);
    MPI_Info_set(info, "pliant_name", i == 0 ? "weights" : "biases");
    ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values[i].data(), 10, MPI_FLOAT, MPI_SUM, comm_, info,
                                    &requests[i]),
              MPI_SUCCESS);
    MPI_Info_free(&info);
  }
  const std::size_t first = last_ ? 1 : 0;
  for (const std::size_t i : {first, 1 - first}) ASSERT_EQ(Pliant_Start(requests[i]), MPI_SUCCESS);
  for (const std::size_t i : {first, 1 - first}) expect_told(Pliant_Wait(requests[i]), "weights", "biases");
  EXPECT_EQ(values[0], std::vector<float>(10, 1.0F));
  EXPECT_EQ(values[1], std::vector<float>(10, 1.0F));
  ASSERT_EQ(Pliant_Startall(2, requests.data()), MPI_SUCCESS);  // they live, and start again
  ASSERT_EQ(Pliant_Waitall(2, requests.data()), MPI_SUCCESS);
  EXPECT_EQ(values[1], std::vector<float>(10, static_cast<float>(ranks_)));
  for (Pliant_Request& request : requests) ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  expect_usable();
}

/// Requests of different densities are refused with or without the check.
TEST_F(Alike, Density) {
  std::vector<float> values(100, 1.0F);
  MPI_Info info = MPI_INFO_NULL;
  MPI_Info_create(&info);
  MPI_Info_set(info, "pliant_density", last_ ? "0.5" : "0.25");
  Pliant_Request request = PLIANT_REQUEST_NULL;
  EXPECT_NE(
      Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), 100, MPI_FLOAT, MPI_SUM, comm_, info, &request),
      MPI_SUCCESS);
  MPI_Info_free(&info);
  EXPECT_EQ(request, PLIANT_REQUEST_NULL);
  if (last_) {
    EXPECT_NE(message(MPI_ERR_ARG).find("0.5"), std::string::npos) << message(MPI_ERR_ARG);
  }
  expect_usable();
}

}  // namespace
