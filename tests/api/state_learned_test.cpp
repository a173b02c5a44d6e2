// Learned state survives a restart: policies, the estimate of the network, corrections. Also files that are
// older, newer or damaged.
#include <hdf5.h>

#include <array>
#include <limits>

#include "tests/api/state_support.hpp"
#include "trace/hdf5_file.hpp"

namespace {

using namespace pliant_test;
using pliant::Hdf5File;

constexpr int kCount = 40'000;
const Pairs kAdapting = {{"pliant_mode", "topk"},
                         {"pliant_policy", "pareto"},
                         {"pliant_min_bytes", "0"},
                         {"pliant_algorithm", "allgather_topk, star_ring, quota_ring"},
                         {"pliant_learn", "false"}};

/// A named request with its own buffer.
class Steps {
 public:
  explicit Steps(MPI_Comm comm) : comm_(comm), values_(kCount) {
    MPI_Info info = MPI_INFO_NULL;
    MPI_Info_create(&info);
    MPI_Info_set(info, "pliant_name", "a");
    EXPECT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values_.data(), kCount, MPI_FLOAT, MPI_SUM, comm, info,
                                    &request_),
              MPI_SUCCESS);
    MPI_Info_free(&info);
  }
  ~Steps() { Pliant_Request_free(&request_); }
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;

  Pliant_Report step(int number) {
    fill_gradient(values_, rank_of(comm_), number);
    for (float& value : values_) value *= value * value;
    EXPECT_EQ(Pliant_Start(request_), MPI_SUCCESS);
    EXPECT_EQ(Pliant_Wait(request_), MPI_SUCCESS);
    return report_of(request_);
  }
  const std::vector<float>& result() const { return values_; }

 private:
  MPI_Comm comm_;
  std::vector<float> values_;
  Pliant_Request request_ = PLIANT_REQUEST_NULL;
};

/// Exact blocking calls of a few lengths, which teach the learner.
void reduce(MPI_Comm comm, int calls) {
  std::vector<float> values(100'000, 1.0F);
  for (int call = 0; call < calls; ++call) {
    std::fill(values.begin(), values.end(), 1.0F);
    const int count = std::array{10'000, 30'000, 100'000}[static_cast<std::size_t>(call % 3)];
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), count, MPI_FLOAT, MPI_MAX, comm), MPI_SUCCESS);
  }
}

/// Rank 0 works on a file while the others wait.
template <class Work>
void on_file(const StateFile& file, Work&& work) {
  if (rank_of(MPI_COMM_WORLD) == 0) {
    Hdf5File open = Hdf5File::open_to_change(file.path());
    work(open);
    open.close();
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

/// Replaces the value of an attribute that must exist.
void change(const StateFile& file, const std::string& object, const std::string& name,
            const pliant::Hdf5Value& value) {
  if (rank_of(MPI_COMM_WORLD) == 0) {
    const hid_t open = H5Fopen(file.path(), H5F_ACC_RDWR, H5P_DEFAULT);
    EXPECT_GE(H5Adelete_by_name(open, object.c_str(), name.c_str(), H5P_DEFAULT), 0) << object << " " << name;
    H5Fclose(open);
  }
  on_file(file, [&](Hdf5File& to_change) { to_change.write_attribute(object, name, value); });
}

// Without the policy's state, the first step after a restart would send another k.
TEST(StateLearned, APolicyGoesOnAsIfItHadNotBeenInterrupted) {
  const StateFile file("policy");
  std::vector<std::vector<float>> uninterrupted;
  std::vector<std::int64_t> kept;
  {
    const FreshComm comm;
    ASSERT_EQ(set(comm, kAdapting), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Comm_probe(comm), MPI_SUCCESS);
    Steps steps(comm);
    for (int i = 0; i < 30; ++i) steps.step(i);
    ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
    for (int i = 30; i < 36; ++i) {
      kept.push_back(steps.step(i).kept);
      uninterrupted.push_back(steps.result());
    }
  }
  const FreshComm comm;
  ASSERT_EQ(set(comm, kAdapting), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_SUCCESS);
  Steps steps(comm);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(steps.step(30 + static_cast<int>(i)).kept, kept[i]) << i;
    EXPECT_EQ(steps.result(), uninterrupted[i]) << i;
  }
}

TEST(StateLearned, TheLearnerComesBackAndGoesOn) {
  const StateFile file("learner"), again("learner_again");
  {
    const FreshComm comm;
    reduce(comm, 60);
    ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
  }
  const FreshComm comm;
  ASSERT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Comm_save_state(comm, again.path()), MPI_SUCCESS);
  if (comm.rank() == 0) {
    const Hdf5File one = Hdf5File::open(file.path()), two = Hdf5File::open(again.path());
    const auto both = [&](const char* name) {
      return std::pair(one.read_attribute<double>("/learner", name),
                       two.read_attribute<double>("/learner", name));
    };
    for (const char* name : {"alpha_s", "beta_s_per_byte", "used_alpha_s", "used_beta_s_per_byte",
                             "noise_variance", "observations", "learned"}) {
      const auto [first, second] = both(name);
      EXPECT_EQ(first, second) << name;
    }
    if (comm.ranks() > 1) {
      EXPECT_GT(both("observations").first, 0);
      EXPECT_GT(both("learned").first, 0);
      // The variance has an upper bound, which times of a loaded machine may have reached before.
      EXPECT_GE(both("alpha_variance").second, both("alpha_variance").first) << "who knows what it is now";
    }
    EXPECT_EQ(one.children("/learner"), two.children("/learner"));
  }
  reduce(comm, 60);
  ASSERT_EQ(Pliant_Comm_save_state(comm, again.path()), MPI_SUCCESS);
  if (comm.rank() == 0 && comm.ranks() > 1) {
    EXPECT_GT(Hdf5File::open(again.path()).read_attribute<double>("/learner", "observations"),
              Hdf5File::open(file.path()).read_attribute<double>("/learner", "observations"));
  }
}

TEST(StateLearned, OlderAndNewerFilesLoad) {
  const StateFile file("versions");
  const FreshComm comm;
  ASSERT_EQ(set(comm, kAdapting), MPI_SUCCESS);
  reduce(comm, 30);
  Steps steps(comm);
  for (int i = 0; i < 20; ++i) steps.step(i);
  ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
  const auto version = [&](const char* text) { change(file, "/", "schema_version", std::string(text)); };
  version("1.9");
  on_file(file, [](Hdf5File& open) {
    const std::array<double, 2> values = {1, 2};
    open.write("/learner/an_algorithm_of_tomorrow/correction/class", std::span<const double>(values));
    open.write("/what/nobody/knows", std::span<const double>(values));
    open.make_group("/ranks/0/0/quality/tomorrow");
    open.write_attribute("/ranks/0/0", "tomorrow", 1.0);
  });
  EXPECT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_SUCCESS) << message(MPI_ERR_IO);
  steps.step(20);
  version("2.0");
  EXPECT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_ERR_IO);
  if (comm.rank() == 0) {
    EXPECT_NE(message(MPI_ERR_IO).find("is of version 2.0"), std::string::npos) << message(MPI_ERR_IO);
  }
  version("1.1");
  on_file(file, [](Hdf5File& open) {
    for (const std::string& rank : open.children("/ranks"))
      if (open.exists("/ranks/" + rank + "/0/policy")) open.remove("/ranks/" + rank + "/0/policy");
    open.remove("/learner");
  });
  EXPECT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_SUCCESS) << message(MPI_ERR_IO);
  steps.step(20);
  reduce(comm, 30);
}

/// A value of a file, changed to an impossible one.
struct Damage {
  std::string object;
  std::string name;
  pliant::Hdf5Value value;
};

TEST(StateLearned, DamagedValuesAreRefusedOnAllRanksAndChangeNothing) {
  const StateFile file("damaged");
  const FreshComm comm;
  ASSERT_EQ(set(comm, kAdapting), MPI_SUCCESS);
  reduce(comm, 30);
  Steps steps(comm);
  for (int i = 0; i < 20; ++i) steps.step(i);
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const std::string last = "/ranks/" + std::to_string(comm.ranks() - 1) + "/0";
  const std::string policy = last + "/policy";
  std::vector<Damage> damages = {Damage{"/", "alpha_s", kNan},
                                 Damage{"/", "mpi_factor_16k", 0.0},
                                 Damage{"/", "gamma_s_per_byte", -1.0},
                                 Damage{"/learner", "alpha_s", kNan},
                                 Damage{"/learner", "beta_variance", -1.0},
                                 Damage{"/learner", "used_beta_s_per_byte", 1e300},
                                 Damage{"/learner", "learned", std::int64_t{-1}},
                                 Damage{last, "step", std::int64_t{-1}},
                                 Damage{last, "count", std::int64_t{1} << 60},
                                 Damage{last, "error_feedback", std::string("none of ours")},
                                 Damage{policy, "margin_variance", kNan},
                                 Damage{policy, "achieved", -1.0}};
  if (comm.ranks() > 1)  // another rank has another value
    damages.insert(
        damages.end(),
        {Damage{last, "step", std::int64_t{20}}, Damage{last, "outstanding", std::int64_t{0}},
         Damage{last, "error_feedback", std::string("none")}, Damage{last, "name", std::string("b")}});
  steps.step(20);
  ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
  const std::int64_t kept = steps.step(21).kept;
  const std::vector<float> expected = steps.result();
  ASSERT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_SUCCESS);
  for (const Damage& damage : damages) {
    ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
    change(file, damage.object, damage.name, damage.value);
    EXPECT_NE(Pliant_Comm_load_state(comm, file.path()), MPI_SUCCESS) << damage.object << " " << damage.name;
  }
  if (comm.rank() == 0 && comm.ranks() > 1) {
    EXPECT_NE(message(MPI_ERR_IO).find("but 'b' of 40000 elements"), std::string::npos)
        << message(MPI_ERR_IO);
  }
  // Continues with the state that it had before.
  EXPECT_EQ(steps.step(21).kept, kept);
  EXPECT_EQ(steps.result(), expected);
  EXPECT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
  on_file(file, [&](Hdf5File& open) {
    const std::string path = last + "/policy/own_gains";
    open.remove(path);
    std::array<double, 33> gains{};
    gains[5] = kNan;
    open.write(path, std::span<const double>(gains));
  });
  EXPECT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_ERR_IO);
}

// Files written before names had to be unique may look like this.
TEST(StateLearned, AFileWithTwoTensorsOfOneNameIsRefused) {
  const StateFile file("two_names");
  const FreshComm comm;
  ASSERT_EQ(set(comm, kAdapting), MPI_SUCCESS);
  {
    Steps named(comm);
    std::vector<float> values(300, 1.0F);
    Pliant_Request unnamed = PLIANT_REQUEST_NULL;
    ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), 300, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL,
                                    &unnamed),
              MPI_SUCCESS);
    named.step(0);
    ASSERT_EQ(Pliant_Start(unnamed), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Wait(unnamed), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Request_free(&unnamed), MPI_SUCCESS);
  }
  for (int rank = 0; rank < comm.ranks(); ++rank)
    change(file, "/ranks/" + std::to_string(rank) + "/1", "name", std::string("a"));
  EXPECT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_ERR_IO);
  if (comm.rank() == 0) {
    EXPECT_NE(message(MPI_ERR_IO).find("two tensors named 'a'"), std::string::npos) << message(MPI_ERR_IO);
  }
}

}  // namespace
