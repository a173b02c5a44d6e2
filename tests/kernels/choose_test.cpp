// Choosing a kernel table by name.
#include <gtest/gtest.h>

#include <set>

#include "kernels/kernels.hpp"
#include "tests/support/errors.hpp"

namespace pliant {
namespace {

TEST(ChooseKernels, AutoIsTheFirstUsable) {
  const Kernels* first = nullptr;
  for (const Kernels* table : kernel_tables())
    if (first == nullptr && table->usable()) first = table;
  EXPECT_EQ(&choose_kernels("auto"), first);
}

TEST(ChooseKernels, FindsEveryUsableTableByItsName) {
  std::set<std::string_view> names;
  for (const Kernels* table : kernel_tables()) {
    EXPECT_TRUE(names.insert(table->name).second) << table->name;
    EXPECT_FALSE(table->summary.empty()) << table->name;
    if (table->usable()) {
      EXPECT_EQ(&choose_kernels(table->name), table);
    }
  }
  EXPECT_TRUE(names.contains("scalar"));
}

TEST(ChooseKernels, RefusesOthersAndListsThoseThereAre) {
  for (const std::string name : {"", "scala", "SCALAR", "auto "}) {
    const std::string text = test::error_text(ErrorClass::info_value, [&] { choose_kernels(name); });
    EXPECT_TRUE(text.starts_with("PLIANT_KERNELS = " + name + " (")) << text;
    EXPECT_NE(text.find("scalar"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace pliant
