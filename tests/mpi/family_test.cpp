// The family of an MPI library, from its own text, and which families may run together.
#include "mpi/family.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <string>
#include <utility>

namespace pliant {
namespace {

constexpr const char* kOpenMpi4 =
    "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4, May 26, 2022";
constexpr const char* kOpenMpi5 = "Open MPI v5.0.11, package: Open MPI user@host Distribution";
constexpr const char* kMpich = "MPICH Version:\t4.0.2\nMPICH Release date:\tThu Apr  7 12:34:45 CDT 2022\n";
constexpr const char* kIntel = "Intel(R) MPI Library 2021.13 for Linux* OS\n";
constexpr const char* kMvapich = "MVAPICH2 Version      :\t2.3.7\n";
constexpr const char* kCray = "MPI VERSION    : CRAY MPICH version 8.1.28.29 (ANL base 3.4a2)\n";

TEST(MpiFamily, IsKnownByWhatTheLibrarySays) {
  for (const char* const version : {kOpenMpi4, kOpenMpi5}) EXPECT_EQ(rule_of(version), MpiFamily::open_mpi);
  for (const char* const version : {kMpich, kIntel, kMvapich, kCray})
    EXPECT_EQ(rule_of(version), MpiFamily::mpich) << version;
  EXPECT_FALSE(rule_of("HPE MPT 2.28"));
  EXPECT_FALSE(rule_of(""));
}

TEST(MpiFamily, OfOthersIsRefusedInOneLineThatNamesBoth) {
  EXPECT_EQ(
      family_problem(MpiFamily::open_mpi, kMpich),
      "pliant: the library was built for Open MPI, the program runs with \"MPICH Version: 4.0.2\" (handles "
      "of "
      "MPI families differ). Build Pliant with the program's mpicc and mpicxx, or start the program with the "
      "MPI of its Pliant");
  for (const char* const version : {kOpenMpi4, kOpenMpi5}) {
    const std::string problem = family_problem(MpiFamily::mpich, version);
    EXPECT_NE(problem.find("built for MPICH"), std::string::npos) << problem;
    EXPECT_EQ(problem.find('\n'), std::string::npos) << problem;
  }
}

TEST(MpiFamily, OfItsOwnOrOfNoneThatIsKnownIsLetThrough) {
  for (const char* const version : {kOpenMpi4, kOpenMpi5, "HPE MPT 2.28", ""})
    EXPECT_EQ(family_problem(MpiFamily::open_mpi, version), "");
  for (const char* const version : {kMpich, kIntel, kMvapich, kCray})
    EXPECT_EQ(family_problem(MpiFamily::mpich, version), "");
  for (const char* const version : {kOpenMpi4, kMpich}) {
    EXPECT_EQ(family_problem(MpiFamily::mpi_abi, version), "");
    EXPECT_EQ(family_problem(MpiFamily::other, version), "");
  }
}

/// Clears the variables that this test's own launcher has set.
class Launcher : public testing::Test {
 protected:
  void SetUp() override { clear(); }
  void TearDown() override { clear(); }
  static void clear() {
    for (const char* const name : {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "PMI_SIZE", "PMI_RANK"})
      unsetenv(name);
  }
  static void set(const char* name, const char* value) { setenv(name, value, 1); }
};

TEST_F(Launcher, OfAnotherMpiLeavesEachRankAloneWhichItsFirstTells) {
  for (const auto& [size, rank] :
       {std::pair{"PMI_SIZE", "PMI_RANK"}, std::pair{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"}}) {
    clear();
    set(size, "3");
    set(rank, "0");
    const std::string problem = launcher_problem(1);
    EXPECT_NE(problem.find("MPI_COMM_WORLD has 1 rank, the launcher has started 3"), std::string::npos)
        << problem;
    EXPECT_EQ(problem.find('\n'), std::string::npos);
    set(rank, "2");
    EXPECT_EQ(launcher_problem(1), "");
  }
}

TEST_F(Launcher, OfItsOwnMpiOrNoneIsNoProblem) {
  EXPECT_EQ(launcher_problem(1), "");
  set("PMI_SIZE", "1");
  EXPECT_EQ(launcher_problem(1), "");
  set("OMPI_COMM_WORLD_SIZE", "3");
  EXPECT_EQ(launcher_problem(3), "");
  EXPECT_EQ(launcher_problem(2), "") << "more were spawned, or fewer: not alone";
  set("OMPI_COMM_WORLD_SIZE", "many");
  EXPECT_EQ(launcher_problem(1), "");
}

TEST(MpiFamily, OfTheHeaderIsThatOfTheLibrary) {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  EXPECT_EQ(family_problem(compiled_family(), text.data()), "");
  if (rule_of(text.data())) {
    EXPECT_EQ(rule_of(text.data()), compiled_family());
  }
}

}  // namespace
}  // namespace pliant
