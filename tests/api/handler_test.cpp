// The program's error handler runs once per error, whichever rank noticed it and whatever the handler does.
#include <stdexcept>

#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

struct FromHandler : std::runtime_error {
  using std::runtime_error::runtime_error;
};

int calls = 0;
int last_code = MPI_SUCCESS;

void note(MPI_Comm*, int* code, ...) {
  ++calls;
  last_code = *code;
}

void note_and_throw(MPI_Comm* comm, int* code, ...) {
  note(comm, code);
  throw FromHandler("thrown by the handler");
}

/// A duplicate of MPI_COMM_WORLD, and MPI_COMM_WORLD itself, with an error handler of the program.
class HandledComm {
 public:
  explicit HandledComm(MPI_Comm_errhandler_function* function) {
    calls = 0;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm_);
    MPI_Errhandler handler = MPI_ERRHANDLER_NULL;
    MPI_Comm_create_errhandler(function, &handler);
    MPI_Comm_set_errhandler(comm_, handler);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler);
    MPI_Errhandler_free(&handler);
  }
  HandledComm(const HandledComm&) = delete;
  HandledComm& operator=(const HandledComm&) = delete;
  ~HandledComm() {
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
    MPI_Comm_set_errhandler(comm_, MPI_ERRORS_ARE_FATAL);
    MPI_Comm_free(&comm_);
  }
  operator MPI_Comm() const { return comm_; }

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
};

void expect_usable(MPI_Comm comm) {
  for (const std::size_t count : {std::size_t{1}, std::size_t{1}, std::size_t{30'000}}) {
    std::vector<float> values(count, 1);
    ASSERT_EQ(
        Pliant_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(count), MPI_FLOAT, MPI_SUM, comm),
        MPI_SUCCESS);
    EXPECT_EQ(values, std::vector<float>(count, static_cast<float>(ranks_of(comm))));
  }
}

int refused_by_pliant(MPI_Comm comm) {
  float value = 1;
  return Pliant_Allreduce(MPI_IN_PLACE, &value, -1, MPI_FLOAT, MPI_SUM, comm);
}

int refused_by_mpi(MPI_Comm comm) {
  float value = 1;
  return Pliant_Allreduce(MPI_IN_PLACE, &value, 1, MPI_FLOAT, MPI_BAND, comm);
}

int without_datatype(MPI_Comm comm) {
  float value = 1;
  return Pliant_Allreduce(MPI_IN_PLACE, &value, 1, MPI_DATATYPE_NULL, MPI_SUM, comm);
}

int request_without_datatype(MPI_Comm comm) {
  float value = 1;
  Pliant_Request request = PLIANT_REQUEST_NULL;
  return Pliant_Allreduce_init(MPI_IN_PLACE, &value, 1, MPI_DATATYPE_NULL, MPI_SUM, comm, MPI_INFO_NULL,
                               &request);
}

int request_without_operation(MPI_Comm comm) {
  float value = 1;
  Pliant_Request request = PLIANT_REQUEST_NULL;
  return Pliant_Allreduce_init(MPI_IN_PLACE, &value, 1, MPI_FLOAT, MPI_OP_NULL, comm, MPI_INFO_NULL,
                               &request);
}

int unknown_setting(MPI_Comm comm) {
  return set(comm, {{"pliant_no_such_key", "1"}});
}

struct Fault {
  const char* name;
  int (*call)(MPI_Comm comm);
  int error_class;  ///< MPI_SUCCESS accepts any class that MPI returns
};

constexpr Fault kFaults[] = {
    {"a count that Pliant refuses", refused_by_pliant, MPI_ERR_COUNT},
    {"an operation that MPI refuses", refused_by_mpi, MPI_ERR_OP},
    {"no datatype", without_datatype, MPI_SUCCESS},
    {"a request without a datatype", request_without_datatype, MPI_ERR_TYPE},
    {"a request without an operation", request_without_operation, MPI_ERR_OP},
    {"a setting that is none", unknown_setting, MPI_ERR_INFO_KEY},
};

int class_of(int code) {
  int error_class = MPI_SUCCESS;
  MPI_Error_class(code, &error_class);
  return error_class;
}

TEST(Handler, RunsOnceForAnError) {
  const HandledComm comm(note);
  for (const Fault& fault : kFaults) {
    SCOPED_TRACE(fault.name);
    calls = 0;
    const int code = fault.call(comm);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(code, last_code);
    EXPECT_NE(code, MPI_SUCCESS);
    if (fault.error_class != MPI_SUCCESS) {
      EXPECT_EQ(class_of(code), fault.error_class);
    }
    expect_usable(comm);
  }
}

TEST(Handler, MayThrow) {
  const HandledComm comm(note_and_throw);
  for (const Fault& fault : kFaults) {
    SCOPED_TRACE(fault.name);
    calls = 0;
    EXPECT_THROW(fault.call(comm), FromHandler);
    EXPECT_EQ(calls, 1);
    if (fault.error_class != MPI_SUCCESS) {
      EXPECT_EQ(class_of(last_code), fault.error_class);
    }
    expect_usable(comm);
  }
}

int refuse_copy(MPI_Comm, int, void*, void*, void*, int*) {
  return MPI_ERR_OTHER;
}

/// An attribute that makes duplication fail while it lives.
class NoDuplicate {
 public:
  explicit NoDuplicate(MPI_Comm comm) : comm_(comm) {
    MPI_Comm_create_keyval(refuse_copy, MPI_COMM_NULL_DELETE_FN, &keyval_, nullptr);
    MPI_Comm_set_attr(comm, keyval_, nullptr);
  }
  NoDuplicate(const NoDuplicate&) = delete;
  NoDuplicate& operator=(const NoDuplicate&) = delete;
  ~NoDuplicate() {
    MPI_Comm_delete_attr(comm_, keyval_);
    MPI_Comm_free_keyval(&keyval_);
  }

 private:
  MPI_Comm comm_;
  int keyval_ = MPI_KEYVAL_INVALID;
};

TEST(Handler, RunsOnceWhereMpiFailsInsideOfPliant) {
  const HandledComm comm(note);
  {
    const NoDuplicate no_duplicate(comm);
    float value = 1;
    EXPECT_NE(Pliant_Allreduce(MPI_IN_PLACE, &value, 1, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
    EXPECT_EQ(calls, 1);
    EXPECT_NE(message(last_code).find("MPI_Comm_dup failed"), std::string::npos);
  }
  expect_usable(comm);
}

TEST(Handler, MayThrowWhereMpiFailsInsideOfPliant) {
  const HandledComm comm(note_and_throw);
  {
    const NoDuplicate no_duplicate(comm);
    float value = 1;
    EXPECT_THROW(Pliant_Allreduce(MPI_IN_PLACE, &value, 1, MPI_FLOAT, MPI_SUM, comm), FromHandler);
    EXPECT_EQ(calls, 1);
  }
  expect_usable(comm);
}

class Requests {
 public:
  explicit Requests(MPI_Comm comm) {
    for (int i = 0; i < 2; ++i)
      Pliant_Allreduce_init(MPI_IN_PLACE, values_[i].data(), 100, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL,
                            &requests_[i]);
  }
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;
  ~Requests() {
    for (Pliant_Request& request : requests_) EXPECT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  }
  Pliant_Request operator[](int i) const { return requests_[i]; }
  const std::vector<float>& values(int i) const { return values_[i]; }

 private:
  std::vector<float> values_[2] = {std::vector<float>(100, 1), std::vector<float>(100, 2)};
  Pliant_Request requests_[2] = {PLIANT_REQUEST_NULL, PLIANT_REQUEST_NULL};
};

/// Two valid requests, and between them two invalid ones.
TEST(Handler, ThatThrowsStopsNoOtherRequest) {
  const HandledComm comm(note_and_throw);
  const Requests requests(comm);
  Pliant_Request all[] = {requests[0], PLIANT_REQUEST_NULL, PLIANT_REQUEST_NULL, requests[1]};
  EXPECT_THROW(Pliant_Startall(4, all), FromHandler);
  EXPECT_EQ(calls, 2);
  EXPECT_THROW(Pliant_Waitall(4, all), FromHandler);
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(requests.values(0), std::vector<float>(100, static_cast<float>(ranks_of(comm))));
  EXPECT_EQ(requests.values(1), std::vector<float>(100, static_cast<float>(2 * ranks_of(comm))));
}

TEST(Handler, ThatThrowsLeavesTheRequestAsItWas) {
  const HandledComm comm(note_and_throw);
  const Requests requests(comm);
  ASSERT_EQ(Pliant_Start(requests[0]), MPI_SUCCESS);
  EXPECT_THROW(Pliant_Start(requests[0]), FromHandler);
  EXPECT_THROW(Pliant_Test(requests[0], nullptr), FromHandler);
  ASSERT_EQ(Pliant_Wait(requests[0]), MPI_SUCCESS);
  EXPECT_EQ(requests.values(0), std::vector<float>(100, static_cast<float>(ranks_of(comm))));
}

MPI_Comm comm_of_handler = MPI_COMM_NULL;

void reduce_in_handler(MPI_Comm*, int*, ...) {
  ++calls;
  float value = 1;
  EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, &value, 1, MPI_FLOAT, MPI_SUM, comm_of_handler), MPI_SUCCESS);
  EXPECT_EQ(value, static_cast<float>(ranks_of(comm_of_handler)));
}

TEST(Handler, MayCallPliantOnTheSameCommunicator) {
  const HandledComm comm(reduce_in_handler);
  comm_of_handler = comm;
  const Requests requests(comm);
  ASSERT_EQ(Pliant_Start(requests[0]), MPI_SUCCESS);
  EXPECT_EQ(Pliant_Start(requests[0]), MPI_ERR_REQUEST);
  ASSERT_EQ(Pliant_Wait(requests[0]), MPI_SUCCESS);
  EXPECT_EQ(calls, 1);
}

}  // namespace
