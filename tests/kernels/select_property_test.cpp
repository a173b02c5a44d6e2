// For any vector and any table, a selection equals the result of sorting. RapidCheck generates the cases, and
// shrinks one that fails to few elements of a simple input.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/kernels/inputs.hpp"
#include "tests/kernels/selection.hpp"
#include "tests/kernels/tables.hpp"

namespace pliant {

/// Shrinks towards the first input, zero elements, no gradient, table `scalar`, one thread.
struct SelectCase {
  std::size_t count = 0;
  std::int64_t kept = 0;
  std::size_t input = 0;
  std::size_t mixed_with = 0;  ///< another input; elements come from it where bit i / 64 % 32 of `mix` is set
  std::uint32_t mix = 0;
  std::uint32_t seed = 0;
  bool feed = false;
  bool leave = false;
  bool curve = false;
  std::size_t offset = 0;
  std::size_t table = 0;  ///< counted from the last
  int members = 1;
};

namespace {

template <class T>
constexpr std::size_t kInputs = std::size(test::kStreamInputs<T>) + std::size(test::kFloatInputs);

template <class T>
std::string_view input_name(std::size_t input) {
  if (input < std::size(test::kFloatInputs)) return test::kFloatInputs[input].name;
  return test::kStreamInputs<T>[input - std::size(test::kFloatInputs)].name;
}

template <class T>
T element(std::size_t input, std::size_t i, std::size_t count, std::mt19937& random) {
  if (input < std::size(test::kFloatInputs)) return static_cast<T>(test::kFloatInputs[input].at(i, random));
  return test::kStreamInputs<T>[input - std::size(test::kFloatInputs)].at(i, count, random);
}

const Kernels& table_of(const SelectCase& item) {
  const auto tables = kernel_tables();
  return *tables[tables.size() - 1 - item.table];
}

template <class T>
std::vector<T> values_of(const SelectCase& item) {
  std::mt19937 random(item.seed);
  std::vector<T> values(item.count);
  for (std::size_t i = 0; i < item.count; ++i) {
    const bool other = (item.mix >> (i / 64 % 32) & 1) != 0;
    values[i] = element<T>(other ? item.mixed_with : item.input, i, item.count, random);
  }
  return values;
}

template <class T>
rc::Gen<SelectCase> any_case() {
  using rc::gen::arbitrary;
  using rc::gen::inRange;
  return rc::gen::resize(
      rc::kNominalSize, rc::gen::exec([] {
        SelectCase item;
        // Most are short. From 1024 elements on, the sample is only part of the vector.
        item.count = *rc::gen::weightedOneOf<std::size_t>({{40, inRange<std::size_t>(0, 100)},
                                                           {50, inRange<std::size_t>(0, 3000)},
                                                           {8, inRange<std::size_t>(3000, 20'000)},
                                                           {2, inRange<std::size_t>(16'000, 100'000)}});
        const auto n = static_cast<std::int64_t>(item.count);
        item.kept = *rc::gen::oneOf(inRange<std::int64_t>(0, n + 1), inRange<std::int64_t>(0, n / 50 + 1));
        item.input = *inRange<std::size_t>(0, kInputs<T>);
        item.mixed_with = *inRange<std::size_t>(0, kInputs<T>);
        item.mix = *rc::gen::oneOf(rc::gen::just(0U), arbitrary<std::uint32_t>());
        item.seed = *inRange(0U, 1'000'000U);
        item.feed = *arbitrary<bool>();
        item.leave = *arbitrary<bool>();
        item.curve = *arbitrary<bool>();
        item.offset = *inRange<std::size_t>(0, 8);
        item.table = *inRange<std::size_t>(0, kernel_tables().size());
        item.members = *inRange(1, 4);
        return item;
      }));
}

template <class T>
void check_selection(const SelectCase& item, std::array<SelectWorkspace, 3>& workspaces) {
  const Kernels& kernels = table_of(item);
  if (!kernels.usable()) return;
  const std::vector<T> values = values_of<T>(item);
  const test::Problem<T> problem = item.feed ? test::halves(values) : test::Problem<T>{values, {}};
  GainCurve curve;
  const test::Manner manner{
      .take = !item.leave, .offset = item.offset, .curve = item.curve ? &curve : nullptr};
  SelectWorkspace& workspace = workspaces[static_cast<std::size_t>(item.members - 1)];
  const std::string trouble = test::trouble_with(kernels, workspace, problem, item.kept, manner);
  if (trouble.empty()) return;
  RC_LOG() << "table " << kernels.name << ", input " << input_name<T>(item.input) << ", mixed with "
           << input_name<T>(item.mixed_with) << '\n';
  RC_FAIL(trouble);
}

template <class T>
void check_selections(const char* description) {
  Team two(2);
  Team three(3);
  std::array<SelectWorkspace, 3> workspaces;  // used again and again, as a communicator's is
  workspaces[1].team = &two;
  workspaces[2].team = &three;
  const auto holds = [&] { check_selection<T>(*any_case<T>(), workspaces); };
  EXPECT_TRUE(rc::check(description, holds));
}

TEST(SelectProperty, Floats) {
  check_selections<float>("floats are selected as sorting says");
}
TEST(SelectProperty, Doubles) {
  check_selections<double>("doubles are selected as sorting says");
}

}  // namespace

void showValue(const SelectCase& item, std::ostream& out) {
  out << "n = " << item.count << ", k = " << item.kept << ", input " << item.input << ", mixed with "
      << item.mixed_with << " by " << item.mix << ", seed " << item.seed << (item.feed ? ", gradient" : "")
      << (item.leave ? ", left" : ", taken") << (item.curve ? ", curve" : "") << ", offset " << item.offset
      << ", table " << item.table << ", members " << item.members;
}

}  // namespace pliant
