#include "trace/recorder.hpp"

#include <cstring>
#include <exception>
#include <filesystem>
#include <type_traits>
#include <variant>

#include "core/error.hpp"
#include "trace/columns.hpp"
#include "trace/trace_path.hpp"

namespace pliant {
namespace {

// A chunk is 8 KiB of numbers or 64 KiB of tensor names. Chunks are not compressed, for two reasons. Of 200
// runs killed at a random time while recording at full speed, 5 left an unreadable chunk in a compressed
// trace, and none in a plain one. Writing 1000 rows, for which every rank would wait, takes under 1 ms
// instead of 10. The cost is 288 bytes per call instead of 35.
constexpr Hdf5Layout kLayout{.chunk_rows = 1024, .compressed = false};

constexpr const char* kSchema = "pliant-trace";
constexpr const char* kEnd = "end_date";  // since 1.1; only in a trace that was closed
constexpr int kMostNames = 999;

std::optional<std::string> text_at_root(const Hdf5File& file, const std::string& name) {
  try {
    return file.read_attribute<std::string>("/", name);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// Why a new trace may not replace an old file that nobody else has open, as far as locks show.
std::optional<std::string> why_it_stays(const std::string& path, bool locked, const std::string& host) {
  std::error_code error;
  if (locked && std::filesystem::file_size(path, error) == 0 && !error) return std::nullopt;
  try {
    const Hdf5File old = Hdf5File::open_without_lock(path);
    const std::optional<std::string> schema = text_at_root(old, "schema");
    if (locked && !schema && old.children("/").empty()) return std::nullopt;  // nothing was ever written
    if (schema != kSchema) return "is no trace of Pliant";
    if (text_at_root(old, kEnd)) return std::nullopt;
    if (!locked)
      return "may be in use: its run has not ended, or was killed, and its file system has no locks";
    // Locks of some network file systems do not reach other hosts.
    const std::string ran_on = text_at_root(old, "host").value_or("an unknown host");
    if (ran_on == host) return std::nullopt;
    return "may be in use: its run on " + ran_on + " has not ended, or was killed";
  } catch (const Error&) {
    return "cannot be read as a trace";
  }
}

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

/// Run an action. If it throws, tracing ends and the exception's text is returned.
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

TraceFailure Recorder::open(const std::string& pattern, const RunInfo& info) {
  if (TraceFailure failure = close()) return failure;
  return attempt([&] { create(pattern, info); });
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
    file_->write_attribute("/", kEnd, iso8601_utc(std::time(nullptr)));
    file_->close();
    columns_.clear();
    file_.reset();
  });
}

void Recorder::create(const std::string& pattern, const RunInfo& info) {
  const TracePath wanted = trace_path(pattern, trace_path_values(info));
  const auto keep = [&](const std::string& path, bool locked) {
    return why_it_stays(path, locked, info.host);
  };
  const int first = info.spawned && !wanted.names_process ? 1 : 0;
  file_ = Hdf5File::create(wanted.path, {.first = first, .last = kMostNames, .keep = keep});
  const std::string& why = file_->passed_over();
  notice_ = why.empty() ? "" : "the trace is '" + file_->path() + "': " + why + ", so it stays as it is";
  rows_ = 0;
  written_at_s_ = -std::numeric_limits<double>::infinity();
  waiting_.reserve(kBatchRows);
  describe(info);
}

void Recorder::describe(const RunInfo& info) {
  file_->write_attribute("/", "schema", kSchema);
  file_->write_attribute("/", "schema_version", "1.2");
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

/// Grows all columns before writing any, so that they stay equally long after a failure.
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

/// Stop tracing. Unwritten rows stay as zeros: to cut them off, HDF5 would have to write again.
void Recorder::abandon() {
  columns_.clear();
  file_.reset();
  waiting_.clear();
}

}  // namespace pliant
