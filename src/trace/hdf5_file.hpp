// HDF5 files, for traces and saved states: RAII over a few calls of the serial C library.
//
// A path inside the file names an object ("/calls/time"; "/" is the file itself). Every failure throws
// Error(io) with the file's path and HDF5's own reason. HDF5's error printing stays as the program set it.
// Only hdf5_file.cpp and hdf5_create.cpp (with hdf5_handle.hpp) include hdf5.h. hdf5_disabled.cpp replaces
// them in a build without HDF5.
//
// If the program calls H5close, these files are closed, too, complete up to the last write. Any later use
// throws.
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

/// The element type of a growing dataset.
struct Hdf5Element {
  enum class Kind { integer, number, text } kind = Kind::number;
  std::size_t text_bytes = 0;  ///< width of a text row, including its final 0
};

/// Chunks and compression of a growing dataset.
struct Hdf5Layout {
  std::int64_t chunk_rows = 1024;
  /// Use shuffle and deflate 1, if HDF5 has zlib. A compressed chunk moves when it grows, so a program killed
  /// while writing may leave an unreadable chunk. Uncompressed chunks stay where they are.
  bool compressed = false;
};

/// A growing 1-D dataset, open for writing. Valid until its file is closed.
class Hdf5Column {
 public:
  Hdf5Column(Hdf5Column&&) noexcept;
  Hdf5Column& operator=(Hdf5Column&&) noexcept;
  ~Hdf5Column();

  std::int64_t rows() const;
  /// Grow to `rows` with zeros, or shrink.
  void resize(std::int64_t rows);
  /// Write rows from `first_row` on. The dataset grows if necessary.
  void write(std::int64_t first_row, std::span<const double> values);
  void write(std::int64_t first_row, std::span<const std::int64_t> values);
  /// @param values  rows of text_bytes characters each, one after the other
  void write(std::int64_t first_row, std::span<const char> values);
  /// Append rows. T: as in write.
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

/// The names to try for a new file, and the old files that it may replace.
struct Hdf5Naming {
  int first = 0;  ///< 0: the path itself; n: trace-n.h5 beside trace.h5
  int last = 0;   ///< names are tried in order while their old files must stay
  /// Returns why an old file that nobody else has open must stay, as a phrase that follows its name; nothing
  /// if it may be replaced. `locked` is false on a file system without locks, where the file may be open
  /// elsewhere.
  std::function<std::optional<std::string>(const std::string& path, bool locked)> keep;
};

class Hdf5File {
 public:
  /// Creates a file that readers with HDF5's default settings can open. It replaces an old one that nobody
  /// has open. A file in use, by this or another program, is never emptied. Follows symbolic links.
  static Hdf5File create(const std::string& path);
  static Hdf5File create(const std::string& path, const Hdf5Naming& naming);
  /// Creates a file that replaces `path` only when commit() is called. Until then it is path + ".partial", or
  /// "-1.partial" and so on while another program saves to the same path.
  static Hdf5File create_replacing(const std::string& path);
  /// Opens an existing file for reading.
  static Hdf5File open(const std::string& path);
  /// Opens a file for reading, if locks do not work or the caller holds one.
  static Hdf5File open_without_lock(const std::string& path);
  /// Opens an existing file for changes.
  static Hdf5File open_to_change(const std::string& path);

  Hdf5File(Hdf5File&&) noexcept;
  Hdf5File& operator=(Hdf5File&&) noexcept;
  /// Closes, and ignores failures. Removes a file of create_replacing that was not committed.
  ~Hdf5File();

  /// The current name.
  const std::string& path() const;
  /// Why create did not use the first name, as a sentence without its end; empty if it did.
  const std::string& passed_over() const;

  /// Pass everything to the operating system. A process killed after this leaves a file that opens.
  void flush();
  void close();
  /// Close a file of create_replacing, and move it to its final name atomically.
  void commit();

  /// Make a group and its missing parents.
  void make_group(const std::string& path);
  /// Remove an object, and all below it, from the file.
  void remove(const std::string& path);
  /// Make an empty growing dataset, and its missing parent groups.
  Hdf5Column make_column(const std::string& path, const Hdf5Element& element, const Hdf5Layout& layout);
  void write_attribute(const std::string& object, const std::string& name, const Hdf5Value& value);
  /// Write a whole 1-D dataset at once, and make its missing parent groups. T: float, double, std::int64_t.
  template <class T>
  void write(const std::string& path, std::span<const T> values);

  bool exists(const std::string& path) const;
  /// Names in a group, sorted.
  std::vector<std::string> children(const std::string& group) const;
  /// T: std::int64_t, double, std::string. An integer can be read as double.
  template <class T>
  T read_attribute(const std::string& object, const std::string& name) const;
  /// Read a whole 1-D dataset. T: float, double, std::int64_t, std::string. Throws if digits would be lost.
  template <class T>
  std::vector<T> read(const std::string& path) const;

 private:
  struct Impl;
  explicit Hdf5File(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pliant
