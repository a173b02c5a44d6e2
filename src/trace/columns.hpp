// The columns of a trace: for each member of TraceEvent its name in the file, unit and meaning.
//
// To add a column, add a member of TraceEvent and its row in columns.cpp. The recorder needs no change.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <variant>

#include "trace/event.hpp"

namespace pliant {

/// The member that a column shows. Its type is the type of the column's dataset.
using TraceMember = std::variant<double TraceEvent::*, std::int64_t TraceEvent::*,
                                 std::array<char, 64> TraceEvent::*, std::array<char, 32> TraceEvent::*>;

struct TraceColumn {
  const char* name;     ///< of the dataset in /calls
  const char* unit;     ///< "1" for plain numbers, "text" for texts
  const char* meaning;  ///< one line, for the reader of a trace
  TraceMember member;
};

/// All columns, in the order of TraceEvent.
std::span<const TraceColumn> trace_columns();

}  // namespace pliant
