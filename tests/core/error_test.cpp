// The grammar of error messages.
#include "core/error.hpp"

#include <gtest/gtest.h>

namespace pliant {
namespace {

TEST(Error, ReadsProblemRuleAction) {
  const Error error(ErrorClass::info_value, quoted("density", "12"), "must lie in (0, 1]", "Pass k / count");
  EXPECT_STREQ(error.what(), "density = 12 (must lie in (0, 1]). Pass k / count");
  EXPECT_EQ(error.error_class(), ErrorClass::info_value);
  EXPECT_EQ(error.mpi_code(), 0);
}

TEST(Error, KeepsTheCodeOfMpi) {
  const Error error = Error::from_mpi(17, "MPI_Isend", "invalid rank");
  EXPECT_EQ(error.error_class(), ErrorClass::mpi);
  EXPECT_EQ(error.mpi_code(), 17);
  EXPECT_TRUE(std::string(error.what()).starts_with("MPI_Isend failed: invalid rank (")) << error.what();
}

}  // namespace
}  // namespace pliant
