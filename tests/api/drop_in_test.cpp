// Pliant_Allreduce keeps MPI_Allreduce's contract on exact communicators.
#include <numeric>

#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

template <class T>
void expect_like_mpi(MPI_Datatype type, MPI_Op op, MPI_Comm comm, int count) {
  std::vector<T> mine(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < mine.size(); ++i)
    mine[i] = static_cast<T>(1 + (i + static_cast<std::size_t>(rank_of(comm))) % 2);
  std::vector<T> expected(mine.size());
  std::vector<T> result(mine.size());
  MPI_Allreduce(mine.data(), expected.data(), count, type, op, comm);
  ASSERT_EQ(Pliant_Allreduce(mine.data(), result.data(), count, type, op, comm), MPI_SUCCESS);
  EXPECT_EQ(result, expected);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, mine.data(), count, type, op, comm), MPI_SUCCESS);
  EXPECT_EQ(mine, expected);
}

TEST(DropIn, EveryKernelTypeAndOperation) {
  const FreshComm comm;
  for (MPI_Op op : {MPI_SUM, MPI_MIN, MPI_MAX, MPI_PROD})
    for (int count : {1, 3, 1000, 70001}) {
      expect_like_mpi<float>(MPI_FLOAT, op, comm, count);
      expect_like_mpi<double>(MPI_DOUBLE, op, comm, count);
      expect_like_mpi<std::int32_t>(MPI_INT, op, comm, count);
      expect_like_mpi<std::int64_t>(MPI_LONG, op, comm, count);
    }
}

TEST(DropIn, OtherTypesAndOperationsGoToMpi) {
  const FreshComm comm;
  expect_like_mpi<unsigned char>(MPI_UNSIGNED_CHAR, MPI_SUM, comm, 100);
  expect_like_mpi<unsigned>(MPI_UNSIGNED, MPI_BOR, comm, 100);
  expect_like_mpi<std::int32_t>(MPI_INT, MPI_BAND, comm, 100);
  struct Pair {
    double value;
    int index;
  };
  const Pair mine{static_cast<double>(comm.rank() % 2), comm.rank()};
  Pair result{};
  ASSERT_EQ(Pliant_Allreduce(&mine, &result, 1, MPI_DOUBLE_INT, MPI_MAXLOC, comm), MPI_SUCCESS);
  EXPECT_EQ(result.index, comm.ranks() > 1 ? 1 : 0);
}

void keep_right(void* in, void* inout, int* count, MPI_Datatype*) {
  // 2x2 matrices of doubles, in rank order: inout = in * inout. Not commutative.
  auto* a = static_cast<double*>(in);
  auto* b = static_cast<double*>(inout);
  for (int i = 0; i < *count; ++i, a += 4, b += 4) {
    const double product[4] = {a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3],
                               a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3]};
    std::copy(product, product + 4, b);
  }
}

TEST(DropIn, UserOperationOnDerivedTypeKeepsRankOrder) {
  const FreshComm comm;
  MPI_Datatype matrix = MPI_DATATYPE_NULL;
  MPI_Op product = MPI_OP_NULL;
  MPI_Type_contiguous(4, MPI_DOUBLE, &matrix);
  MPI_Type_commit(&matrix);
  MPI_Op_create(keep_right, 0, &product);
  const double mine[4] = {1, static_cast<double>(comm.rank() + 1), 0, comm.rank() % 2 == 0 ? 1.0 : 2.0};
  double expected[4];
  double result[4];
  MPI_Allreduce(mine, expected, 1, matrix, product, comm);
  ASSERT_EQ(Pliant_Allreduce(mine, result, 1, matrix, product, comm), MPI_SUCCESS);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(result[i], expected[i]);
  MPI_Op_free(&product);
  MPI_Type_free(&matrix);
}

TEST(DropIn, ZeroCountTakesNullBuffers) {
  const FreshComm comm;
  EXPECT_EQ(Pliant_Allreduce(nullptr, nullptr, 0, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(Pliant_Allreduce(nullptr, nullptr, 0, MPI_CHAR, MPI_SUM, comm), MPI_SUCCESS);
}

TEST(DropIn, SameBufferTwiceIsInPlace) {
  const FreshComm comm;
  std::vector<double> values(5000, comm.rank() + 1.0);
  ASSERT_EQ(Pliant_Allreduce(values.data(), values.data(), 5000, MPI_DOUBLE, MPI_SUM, comm), MPI_SUCCESS);
  const double sum = comm.ranks() * (comm.ranks() + 1) / 2.0;
  EXPECT_EQ(values, std::vector<double>(5000, sum));
}

TEST(DropIn, LargeCountInterface) {
  const FreshComm comm;
  expect_like_mpi<float>(MPI_FLOAT, MPI_SUM, comm, 10);
  std::vector<std::int64_t> values(300, 7);
  ASSERT_EQ(Pliant_Allreduce_c(MPI_IN_PLACE, values.data(), MPI_Count{300}, MPI_INT64_T, MPI_SUM, comm),
            MPI_SUCCESS);
  EXPECT_EQ(values, std::vector<std::int64_t>(300, 7 * comm.ranks()));
}

/// A datatype with an operation that Pliant leaves to MPI.
struct ForMpi {
  MPI_Datatype type = MPI_DATATYPE_NULL;
  MPI_Op op = MPI_OP_NULL;

  ForMpi(int length, MPI_Aint at, MPI_Datatype of) {
    MPI_Type_create_struct(1, &length, &at, &of, &type);
    MPI_Type_commit(&type);
    MPI_Op_create(add_ints, 1, &op);
  }
  ForMpi(const ForMpi&) = delete;
  ForMpi& operator=(const ForMpi&) = delete;
  ~ForMpi() {
    if (type != MPI_DATATYPE_NULL) MPI_Type_free(&type);
    MPI_Op_free(&op);
  }
};

MPI_Aint address_of(const void* object) {
  MPI_Aint address = 0;
  MPI_Get_address(object, &address);
  return address;
}

/// Reduces by a request, twice.
int reduce_twice(void* recvbuf, MPI_Count count, const ForMpi& what, MPI_Comm comm) {
  Pliant_Request request = PLIANT_REQUEST_NULL;
  int code =
      Pliant_Allreduce_init(MPI_IN_PLACE, recvbuf, count, what.type, what.op, comm, MPI_INFO_NULL, &request);
  if (code != MPI_SUCCESS) return code;
  for (int i = 0; i < 2 && code == MPI_SUCCESS; ++i) {
    code = Pliant_Start(request);
    if (code == MPI_SUCCESS) code = Pliant_Wait(request);
  }
  EXPECT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  return code;
}

TEST(DropIn, AbsoluteAddressesGoToMpi) {
  const FreshComm comm;
  int value = 1;
  ForMpi absolute(1, address_of(&value), MPI_INT);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, MPI_BOTTOM, 1, absolute.type, absolute.op, comm), MPI_SUCCESS);
  EXPECT_EQ(value, comm.ranks());
  value = 1;
  ASSERT_EQ(reduce_twice(MPI_BOTTOM, 1, absolute, comm), MPI_SUCCESS);
  EXPECT_EQ(value, comm.ranks() * comm.ranks());
}

TEST(DropIn, TypesOfSizeZeroNeedNoBuffers) {
  const FreshComm comm;
  ForMpi empty(0, 0, MPI_INT);
  EXPECT_EQ(Pliant_Allreduce(nullptr, nullptr, 3, empty.type, empty.op, comm), MPI_SUCCESS);
  EXPECT_EQ(reduce_twice(nullptr, 3, empty, comm), MPI_SUCCESS);
}

TEST(DropIn, MpiTakesCountsBeyondAnInt) {
  const FreshComm comm;
  ForMpi empty(0, 0, MPI_INT);
  const MPI_Count count = (MPI_Count{1} << 31) + 7;
  EXPECT_EQ(Pliant_Allreduce_c(nullptr, nullptr, count, empty.type, empty.op, comm), MPI_SUCCESS);
  EXPECT_EQ(reduce_twice(nullptr, count, empty, comm), MPI_SUCCESS);
}

TEST(DropIn, NegativeCountsAreErrorsWhereMpiReduces) {
  const FreshComm comm;
  char byte = 1;
  for (const MPI_Count count : {MPI_Count{-1}, -(MPI_Count{1} << 32)}) {
    EXPECT_EQ(Pliant_Allreduce_c(MPI_IN_PLACE, &byte, count, MPI_CHAR, MPI_SUM, comm), MPI_ERR_COUNT);
    Pliant_Request request = PLIANT_REQUEST_NULL;
    EXPECT_EQ(
        Pliant_Allreduce_init(MPI_IN_PLACE, &byte, count, MPI_CHAR, MPI_SUM, comm, MPI_INFO_NULL, &request),
        MPI_ERR_COUNT);
  }
  EXPECT_EQ(byte, 1);
}

TEST(DropIn, RequestsOutliveTheirDatatype) {
  const FreshComm comm;
  std::vector<int> values(64, 1);
  ForMpi freed(1, 0, MPI_INT);
  MPI_Datatype others[32];
  const auto make_others = [&] {
    for (int i = 0; i < 32; ++i) {
      MPI_Type_contiguous(3 + i, MPI_CHAR, &others[i]);
      MPI_Type_commit(&others[i]);
    }
  };
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), 1, freed.type, freed.op, comm, MPI_INFO_NULL,
                                  &request),
            MPI_SUCCESS);
  MPI_Type_free(&freed.type);
  make_others();
  for (int step = 1; step <= 2; ++step) {
    values[0] = step;
    ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
    EXPECT_EQ(values[0], step * comm.ranks());
  }
  ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  for (MPI_Datatype& other : others) MPI_Type_free(&other);
}

TEST(DropIn, SubcommunicatorsAndReversedRanks) {
  MPI_Comm half = MPI_COMM_NULL;
  MPI_Comm reversed = MPI_COMM_NULL;
  const int rank = rank_of(MPI_COMM_WORLD);
  MPI_Comm_split(MPI_COMM_WORLD, rank % 2, rank, &half);
  MPI_Comm_split(MPI_COMM_WORLD, 0, -rank, &reversed);
  expect_like_mpi<float>(MPI_FLOAT, MPI_SUM, half, 9000);
  expect_like_mpi<float>(MPI_FLOAT, MPI_SUM, reversed, 9000);
  expect_like_mpi<float>(MPI_FLOAT, MPI_SUM, MPI_COMM_SELF, 9000);
  MPI_Comm_free(&half);
  MPI_Comm_free(&reversed);
}

TEST(DropIn, IntercommunicatorGoesToMpi) {
  const int ranks = ranks_of(MPI_COMM_WORLD);
  const int rank = rank_of(MPI_COMM_WORLD);
  if (ranks < 2) GTEST_SKIP() << "an intercommunicator needs two ranks";
  MPI_Comm side = MPI_COMM_NULL;
  MPI_Comm inter = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, rank == 0 ? 0 : 1, rank, &side);
  MPI_Intercomm_create(side, 0, MPI_COMM_WORLD, rank == 0 ? 1 : 0, 5, &inter);
  float mine = static_cast<float>(rank + 1);
  float result = 0;
  ASSERT_EQ(Pliant_Allreduce(&mine, &result, 1, MPI_FLOAT, MPI_SUM, inter), MPI_SUCCESS);
  const float all = static_cast<float>(ranks * (ranks + 1) / 2);
  EXPECT_EQ(result, rank == 0 ? all - 1 : 1.0F);
  MPI_Comm_free(&inter);
  MPI_Comm_free(&side);
}

TEST(DropIn, PrivateMessagesDoNotMeetTheUsers) {
  const FreshComm comm;
  const int ranks = comm.ranks();
  const int next = (comm.rank() + 1) % ranks;
  int out = comm.rank();
  int in = -1;
  MPI_Request requests[2];
  MPI_Irecv(&in, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &requests[0]);
  std::vector<float> values(40000, 1.0F);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 40000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  MPI_Isend(&out, 1, MPI_INT, next, 3, comm, &requests[1]);
  MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
  EXPECT_EQ(in, (comm.rank() + ranks - 1) % ranks);
  EXPECT_EQ(values, std::vector<float>(40000, static_cast<float>(ranks)));
}

TEST(DropIn, EveryExactAlgorithmByName) {
  int algorithms = 0;
  Pliant_Algorithm_get_num(&algorithms);
  for (int i = 0; i < algorithms; ++i) {
    Pliant_Entry entry{};
    ASSERT_EQ(Pliant_Algorithm_get_info(i, &entry), MPI_SUCCESS);
    if (entry.exact == 0 || (entry.memory & PLIANT_HOST_MEMORY) == 0) continue;
    const FreshComm comm;
    ASSERT_EQ(set(comm, {{"pliant_algorithm", entry.name}}), MPI_SUCCESS);
    expect_like_mpi<float>(MPI_FLOAT, MPI_SUM, comm, 5001);
    EXPECT_STREQ(report_of(comm).algorithm, entry.name);
  }
}

TEST(DropIn, SameBitsOnAllRanksWhateverTheOrderOfAdditions) {
  const FreshComm comm;
  std::vector<float> values = gradient(comm.rank(), 0, 30001);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] *= comm.rank() % 2 == 0 ? 1e30F : -1.0000001e30F;
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 30001, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_TRUE(same_bits(values, comm));
}

TEST(DropIn, DeterministicResultDoesNotDependOnTheCount) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_deterministic", "true"}}), MPI_SUCCESS);
  std::vector<float> longer(50001);
  for (std::size_t i = 0; i < longer.size(); ++i)
    longer[i] = 1.0F / static_cast<float>(i + 3 + static_cast<std::size_t>(comm.rank()) * 7);
  std::vector<float> shorter(longer.begin(), longer.begin() + 777);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, longer.data(), 50001, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, shorter.data(), 777, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  longer.resize(777);
  EXPECT_EQ(shorter, longer);
}

/// The first call also measures the network. Bytes of the measurement do not count as the call's.
TEST(DropIn, FirstReportCountsItsOwnBytesAlone) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_algorithm", "ring"}}), MPI_SUCCESS);
  std::vector<float> values(100'000, 1.0F);
  std::vector<std::int64_t> sent;
  for (int call = 0; call < 2; ++call) {
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 100'000, MPI_FLOAT, MPI_MAX, comm), MPI_SUCCESS);
    sent.push_back(report_of(comm).wire_bytes);
  }
  EXPECT_EQ(sent[0], sent[1]);
  EXPECT_EQ(sent[0] == 0, comm.ranks() == 1);
}

}  // namespace
