// HDF5 files, for traces and saved states: the serial C library behind a few calls that own what they open.
//
// Objects are named by their path inside the file ("/calls/time"; "/" is the file itself). Every failure
// throws Error(io) with the file's path and HDF5's own reason, and leaves HDF5's error printing as the
// program set it. hdf5_file.cpp and hdf5_create.cpp (with hdf5_handle.hpp) alone see hdf5.h;
// hdf5_disabled.cpp stands in where HDF5 is missing.
//
// A program that calls H5close closes these files, too, whole up to the last write; any use after it throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pliant {

/// "HDF5 1.10.8", or "no HDF5" in a build without it.
std::string hdf5_version();

using Hdf5Value = std::variant<std::int64_t, double, std::string>;

/// What one row of a growing dataset holds.
struct Hdf5Element {
  enum class Kind { integer, number, text } kind = Kind::number;
  std::size_t text_bytes = 0;  ///< width of a text row, its final 0 included
};

/// How a growing dataset lies in the file.
struct Hdf5Layout {
  std::int64_t chunk_rows = 1024;
  /// Shuffle and deflate 1, where HDF5 has zlib. A compressed chunk moves when it grows, so a program killed
  /// while it writes may leave one that cannot be read; chunks that are not compressed stay where they are.
  bool compressed = false;
};

/// A growing 1-D dataset, open for writing. Valid until its file is closed.
class Hdf5Column {
 public:
  Hdf5Column(Hdf5Column&&) noexcept;
  Hdf5Column& operator=(Hdf5Column&&) noexcept;
  ~Hdf5Column();

  std::int64_t rows() const;
  /// Grow with zeros, or cut, to `rows`.
  void resize(std::int64_t rows);
  /// Write rows from `first_row` on, growing where there are none yet.
  void write(std::int64_t first_row, std::span<const double> values);
  void write(std::int64_t first_row, std::span<const std::int64_t> values);
  /// @param values  rows of text_bytes characters each, one after the other
  void write(std::int64_t first_row, std::span<const char> values);
  /// Write rows after the last. T: as in write.
  template <class T>
  void append(std::span<const T> values) {
    write(rows(), values);
  }

 private:
  friend class Hdf5File;
  struct Impl;
  explicit Hdf5Column(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The names that a new file may get, and which old files it may replace.
struct Hdf5Naming {
  int first = 0;  ///< 0: the path itself; n: trace-n.h5 beside trace.h5
  int last = 0;   ///< tried in order, as long as an old file must stay
  /// Why a file that nobody else has open must stay, to follow its name in a sentence; nothing if it may be
  /// replaced. `locked` is false on a file system without locks: then nobody knows who has it open.
  std::function<std::optional<std::string>(const std::string& path, bool locked)> keep;
};

class Hdf5File {
 public:
  /// A new file, open to readers with HDF5's default settings. It replaces an old one that nobody has open: a
  /// file in use, by this or another program, is never emptied. Follows symbolic links.
  static Hdf5File create(const std::string& path);
  static Hdf5File create(const std::string& path, const Hdf5Naming& naming);
  /// A new file that takes the place of `path` only when commit() is called. Until then it is path +
  /// ".partial", or "-1.partial" and so on while another program saves to the same path.
  static Hdf5File create_replacing(const std::string& path);
  /// An existing file, for reading.
  static Hdf5File open(const std::string& path);
  /// The same where locks do not work, or the caller holds one.
  static Hdf5File open_without_lock(const std::string& path);
  /// An existing file, to add to it or take from it.
  static Hdf5File open_to_change(const std::string& path);

  Hdf5File(Hdf5File&&) noexcept;
  Hdf5File& operator=(Hdf5File&&) noexcept;
  /// Closes without a word on failure. A file of create_replacing that was not committed is removed.
  ~Hdf5File();

  /// Its name at the moment.
  const std::string& path() const;
  /// Why create took a later name than the first, as a sentence without its end; empty if it did not.
  const std::string& passed_over() const;

  /// Hand everything to the operating system: a process killed after this leaves a file that opens.
  void flush();
  void close();
  /// Close a file of create_replacing, and put it in its place in one step.
  void commit();

  /// Make a group and those above it that are missing.
  void make_group(const std::string& path);
  /// Take an object, and all below it, out of the file.
  void remove(const std::string& path);
  /// Make an empty growing dataset, and the groups above it that are missing.
  Hdf5Column make_column(const std::string& path, const Hdf5Element& element, const Hdf5Layout& layout);
  void write_attribute(const std::string& object, const std::string& name, const Hdf5Value& value);
  /// Write a whole 1-D dataset at once, making the groups above it. T: float, double, std::int64_t.
  template <class T>
  void write(const std::string& path, std::span<const T> values);

  bool exists(const std::string& path) const;
  /// Names in a group, sorted.
  std::vector<std::string> children(const std::string& group) const;
  /// T: std::int64_t, double, std::string; an integer is also read as double.
  template <class T>
  T read_attribute(const std::string& object, const std::string& name) const;
  /// Read a whole 1-D dataset. T: float, double, std::int64_t, std::string; never with a loss of digits.
  template <class T>
  std::vector<T> read(const std::string& path) const;

 private:
  struct Impl;
  explicit Hdf5File(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pliant
