// If one process has an unusable setting, all ranks get an error, and no rank waits for that process.
#include <cstdlib>

#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

/// Gives the last rank's environment such a setting, for the lifetime of this object.
class BadSetting {
 public:
  BadSetting(MPI_Comm comm, const char* name, const char* value) : name_(name) {
    if (rank_of(comm) == ranks_of(comm) - 1) setenv(name, value, 1);
  }
  BadSetting(const BadSetting&) = delete;
  BadSetting& operator=(const BadSetting&) = delete;
  ~BadSetting() { unsetenv(name_); }

 private:
  const char* name_;
};

void expect_refused(int code, const FreshComm& comm, const std::string& says) {
  EXPECT_EQ(code, MPI_ERR_INFO_VALUE);
  const std::string text = message(code);
  EXPECT_NE(text.find(says), std::string::npos) << text;
  const int last = comm.ranks() - 1;
  if (comm.rank() != last) {
    EXPECT_NE(text.find("rank " + std::to_string(last) + " cannot begin"), std::string::npos) << text;
  }
}

int reduce_one(MPI_Comm comm) {
  float one = 1;
  const int code = Pliant_Allreduce(MPI_IN_PLACE, &one, 1, MPI_FLOAT, MPI_SUM, comm);
  if (code == MPI_SUCCESS) {
    EXPECT_EQ(one, static_cast<float>(ranks_of(comm)));
  }
  return code;
}

/// The only test of this program, because a process stops reading its settings once they are valid.
TEST(BadProcess, EveryCollectiveCallIsRefusedOnAllRanksUntilTheSettingIsMended) {
  const FreshComm comm;
  for (const auto& [name, value] :
       {std::pair{"PLIANT_KERNELS", "avx51"}, std::pair{"PLIANT_THREADS", "none"},
        std::pair{"PLIANT_ENABLE", "perhaps"}, std::pair{"PLIANT_PROGRESS_THREAD", "2"}}) {
    const BadSetting bad(comm, name, value);
    const std::string says = std::string(name) + " = " + value;
    expect_refused(set(comm, {{"pliant_mode", "exact"}}), comm, says);
    expect_refused(reduce_one(comm), comm, says);
    expect_refused(Pliant_Comm_probe(comm), comm, says);
    float value_of_request = 0;
    Pliant_Request request = PLIANT_REQUEST_NULL;
    expect_refused(Pliant_Allreduce_init(MPI_IN_PLACE, &value_of_request, 1, MPI_FLOAT, MPI_SUM, comm,
                                         MPI_INFO_NULL, &request),
                   comm, says);
    EXPECT_EQ(request, PLIANT_REQUEST_NULL);
  }
  EXPECT_EQ(reduce_one(comm), MPI_SUCCESS);
}

}  // namespace
