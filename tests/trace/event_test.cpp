// Texts in rows, and the list of columns.
#include "trace/event.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "trace/columns.hpp"

namespace pliant {
namespace {

std::string set_and_read(std::string_view text) {
  std::array<char, 8> field;
  field.fill('#');
  set_text(field, text);
  EXPECT_EQ(field.back(), '\0');
  return field.data();
}

TEST(SetText, KeepsWhatFits) {
  EXPECT_EQ(set_and_read(""), "");
  EXPECT_EQ(set_and_read("ring"), "ring");
  EXPECT_EQ(set_and_read("1234567"), "1234567");
  EXPECT_EQ(set_and_read("12345é"), "12345é");
}

TEST(SetText, CutsBetweenCharacters) {
  EXPECT_EQ(set_and_read("12345678"), "1234567");
  EXPECT_EQ(set_and_read("123456é"), "123456") << "é is two bytes, and the second does not fit";
  EXPECT_EQ(set_and_read("1234€56"), "1234€");
  EXPECT_EQ(set_and_read("12345€6"), "12345") << "€ is three bytes";
}

TEST(TraceColumns, CoverEveryMember) {
  std::size_t bytes = 0;
  for (const TraceColumn& column : trace_columns()) {
    const auto bytes_of = [](auto member) { return sizeof(TraceEvent{}.*member); };
    bytes += std::visit(bytes_of, column.member);
  }
  EXPECT_EQ(bytes, sizeof(TraceEvent)) << "a member has no row in columns.cpp, or two";
}

TEST(TraceColumns, AreNamedAndExplained) {
  std::set<std::string> names;
  for (const TraceColumn& column : trace_columns()) {
    EXPECT_STRNE(column.name, "");
    EXPECT_STRNE(column.unit, "") << column.name;
    EXPECT_STRNE(column.meaning, "") << column.name;
    EXPECT_TRUE(names.insert(column.name).second) << column.name << " is there twice";
  }
}

}  // namespace
}  // namespace pliant
