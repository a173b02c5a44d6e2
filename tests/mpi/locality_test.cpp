// The locality of a process, on synthetic machines of hwloc.
#include "mpi/locality.hpp"

#include <gtest/gtest.h>

#include "tests/support/errors.hpp"

namespace pliant {
namespace {

constexpr int kAnywhere = Locality::kAnywhere;

class LocalityTest : public testing::Test {
 protected:
  void SetUp() override {
    if (hwloc_version() == "no hwloc") GTEST_SKIP() << "built without hwloc (package libhwloc-dev)";
  }
};

TEST_F(LocalityTest, FindsPackageAndCache) {
  const std::string machine = "pack:2 l3:2 core:2 pu:1";  // processors 0-7, two a cache, four a package
  EXPECT_EQ(locality_in(machine, "0"), (Locality{0, 0}));
  EXPECT_EQ(locality_in(machine, "0-1"), (Locality{0, 0}));
  EXPECT_EQ(locality_in(machine, "3"), (Locality{0, 1}));
  EXPECT_EQ(locality_in(machine, "4,5"), (Locality{1, 2}));
  EXPECT_EQ(locality_in(machine, "7"), (Locality{1, 3}));
}

TEST_F(LocalityTest, IsAnywhereWhereOneIsNotEnough) {
  const std::string machine = "pack:2 l3:2 core:2 pu:1";
  EXPECT_EQ(locality_in(machine, "1-2"), (Locality{0, kAnywhere})) << "two caches of one package";
  EXPECT_EQ(locality_in(machine, "0,4"), (Locality{kAnywhere, kAnywhere})) << "two packages";
  EXPECT_EQ(locality_in(machine, "0-7"), (Locality{kAnywhere, kAnywhere})) << "not bound";
  EXPECT_EQ(locality_in(machine, ""), (Locality{kAnywhere, kAnywhere})) << "no processor at all";
  EXPECT_EQ(locality_in(machine, "9"), (Locality{kAnywhere, kAnywhere})) << "none that is there";
}

TEST_F(LocalityTest, TakesNumaNodesWhereThereIsNoL3) {
  EXPECT_EQ(locality_in("pack:2 numa:2 core:2 pu:1", "2-3"), (Locality{0, 1}));
  EXPECT_EQ(locality_in("pack:2 numa:2 core:2 pu:1", "6"), (Locality{1, 3}));
  EXPECT_EQ(locality_in("pack:2 numa:1 l2:2 core:2 pu:1", "4"), (Locality{1, 1}));
}

TEST_F(LocalityTest, AMachineOfOneCacheIsNearEverywhere) {
  EXPECT_EQ(locality_in("pack:1 l3:1 core:2 pu:2", "0-3"), (Locality{0, 0}));
  EXPECT_EQ(locality_in("pack:1 l3:1 core:2 pu:2", "2"), (Locality{0, 0}));
}

TEST_F(LocalityTest, RefusesWhatHwlocCannotRead) {
  const auto look = [](const char* machine, const char* cpus) {
    return test::error_text(ErrorClass::argument, [&] { locality_in(machine, cpus); });
  };
  EXPECT_NE(look("pack:nonsense", "0").find("'pack:nonsense'"), std::string::npos);
  EXPECT_NE(look("pack:2 pu:2", "zero").find("'zero'"), std::string::npos);
}

TEST_F(LocalityTest, TheProcessIsSomewhereAlwaysTheSame) {
  const Locality found = locality_of_process();
  EXPECT_GE(found.package, kAnywhere);
  EXPECT_GE(found.cache, kAnywhere);
  EXPECT_EQ(locality_of_process(), found);
}

}  // namespace
}  // namespace pliant
