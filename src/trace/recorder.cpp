#include "trace/recorder.hpp"

#include <cstring>
#include <exception>
#include <type_traits>
#include <variant>

#include "trace/columns.hpp"

namespace pliant {
namespace {

// A chunk is 8 KiB of numbers or 64 KiB of tensor names. Not compressed: of 200 runs killed at a random time
// while they recorded at full speed, 5 left a compressed trace with a chunk that could not be read, and none
// a plain one; and writing 1000 rows then takes under 1 ms instead of 10, which every rank would wait for.
// The price is 288 bytes a call instead of 35.
constexpr Hdf5Layout kLayout{.chunk_rows = 1024, .compressed = false};

template <class T>
Hdf5Element element_of(T TraceEvent::*) {
  if constexpr (std::is_same_v<T, double>) return {Hdf5Element::Kind::number};
  if constexpr (std::is_same_v<T, std::int64_t>) return {Hdf5Element::Kind::integer};
  if constexpr (std::is_class_v<T>) return {Hdf5Element::Kind::text, sizeof(T)};
}

template <class T>
void write_rows(Hdf5Column& column, std::int64_t first_row, const std::vector<TraceEvent>& events,
                T TraceEvent::*member) {
  if constexpr (std::is_arithmetic_v<T>) {
    std::vector<T> values;
    values.reserve(events.size());
    for (const TraceEvent& event : events) values.push_back(event.*member);
    column.write(first_row, std::span<const T>(values));
  } else {
    std::vector<char> characters(events.size() * sizeof(T));
    for (std::size_t row = 0; row < events.size(); ++row) {
      std::memcpy(characters.data() + row * sizeof(T), (events[row].*member).data(), sizeof(T));
    }
    column.write(first_row, std::span<const char>(characters));
  }
}

}  // namespace

std::string iso8601_utc(std::time_t seconds_since_1970) {
  std::tm parts{};
  gmtime_r(&seconds_since_1970, &parts);
  char text[sizeof "2031-05-06T07:08:09Z" + 8];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

Recorder::~Recorder() {
  close();
}

/// Run an action that may throw; if it does, tracing ends and its text is the answer.
template <class Action>
TraceFailure Recorder::attempt(Action action) {
  try {
    action();
    return std::nullopt;
  } catch (const std::exception& error) {
    abandon();
    return error.what();
  }
}

TraceFailure Recorder::open(const std::string& path, const RunInfo& info) {
  if (const TraceFailure failure = close()) return failure;
  return attempt([&] { create(path, info); });
}

TraceFailure Recorder::record(const TraceEvent& event) {
  if (!is_open()) return std::nullopt;
  return attempt([&] {
    waiting_.push_back(event);
    if (waiting_.size() < kBatchRows && !(event.time_s - written_at_s_ >= kBatchTime_s)) return;
    write_waiting();
    written_at_s_ = event.time_s;
  });
}

TraceFailure Recorder::flush() {
  if (!is_open()) return std::nullopt;
  return attempt([&] { write_waiting(); });
}

TraceFailure Recorder::close() {
  if (!is_open()) return std::nullopt;
  return attempt([&] {
    write_waiting();
    file_->close();
    columns_.clear();
    file_.reset();
  });
}

void Recorder::create(const std::string& path, const RunInfo& info) {
  file_ = Hdf5File::create(path);
  rows_ = 0;
  written_at_s_ = -std::numeric_limits<double>::infinity();
  waiting_.reserve(kBatchRows);
  file_->write_attribute("/", "schema", "pliant-trace");
  file_->write_attribute("/", "schema_version", "1.0");
  file_->write_attribute("/", "software_version", info.software_version);
  file_->write_attribute("/", "start_date", info.start_date);
  file_->write_attribute("/", "mpi_library", info.mpi_library);
  file_->write_attribute("/", "host", info.host);
  file_->write_attribute("/", "ranks", info.ranks);
  file_->write_attribute("/", "clock_monotonic_at_zero", info.clock_monotonic_at_zero);
  for (const TraceColumn& column : trace_columns()) {
    const std::string path = std::string("/calls/") + column.name;
    const Hdf5Element element = std::visit([](auto member) { return element_of(member); }, column.member);
    columns_.push_back(file_->make_column(path, element, kLayout));
    file_->write_attribute(path, "unit", column.unit);
    file_->write_attribute(path, "meaning", column.meaning);
  }
  file_->flush();
}

/// All columns grow before any is written, so that they stay equally long whatever fails.
void Recorder::write_waiting() {
  if (waiting_.empty()) return;
  const std::int64_t rows = rows_ + static_cast<std::int64_t>(waiting_.size());
  for (Hdf5Column& column : columns_) column.resize(rows);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto write = [&](auto member) { write_rows(columns_[i], rows_, waiting_, member); };
    std::visit(write, trace_columns()[i].member);
  }
  file_->flush();
  rows_ = rows;
  waiting_.clear();
}

/// End. Rows that could not be written stay as zeros: to cut them off HDF5 would have to write again.
void Recorder::abandon() {
  columns_.clear();
  file_.reset();
  waiting_.clear();
}

}  // namespace pliant
