// The private half of hdf5_file.cpp, and included by it alone: identifiers that close themselves, silence,
// and the reasons of failures.
#pragma once

#include <hdf5.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.hpp"

namespace pliant::hdf5 {

/// While it lives, HDF5 prints nothing from this thread (HDF5 keeps the setting per thread).
class Quiet {
 public:
  Quiet() {
    H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Quiet() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

/// An HDF5 identifier of any kind but a file's.
class Handle {
 public:
  explicit Handle(hid_t id) : id_(id) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  ~Handle() {
    const Quiet quiet;
    if (id_ >= 0) H5Idec_ref(id_);
  }
  hid_t get() const { return id_; }

 private:
  hid_t id_;
};

inline herr_t keep_description(unsigned, const H5E_error2_t* error, void* text) {
  *static_cast<std::string*>(text) = error->desc != nullptr ? error->desc : "";
  return 1;  // the first one is the innermost; look no further
}

/// Why the last HDF5 call failed: the system's own words if there are any, or HDF5's innermost message.
inline std::string reason() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_description, &text);
  constexpr std::string_view kMark = "error message = '";
  const std::size_t begin = text.find(kMark);
  if (begin == std::string::npos) return text.empty() ? "HDF5 gave no reason" : text;
  const std::size_t end = text.find('\'', begin + kMark.size());
  const std::string system = text.substr(begin + kMark.size(), end - begin - kMark.size());
  if (text.find("lock") == std::string::npos) return system;
  return "no file lock: " + system + "; HDF5_USE_FILE_LOCKING=FALSE does without";
}

/// Second half of a message: what must hold for an access to succeed, and what to do.
struct Rule {
  const char* rule;
  const char* action;
};
inline constexpr Rule kCreating{"its folder must exist and be writable, and nobody may have the file open",
                                "Make the folder, or choose another path"};
inline constexpr Rule kOpening{"it must be a complete HDF5 file that nobody is writing",
                               "Check the path, or choose another file"};
inline constexpr Rule kWriting{"the disk must have room, and a name in the file is given once",
                               "Make room, or choose another path"};
inline constexpr Rule kReading{"it must be there, undamaged, and of the kind that Pliant writes",
                               "Check where the file comes from, or choose another"};

/// An open file: its identifier, and its path for messages.
///
/// After an H5Fclose or H5Dclose that failed, HDF5 1.10 crashes when the program exits. So datasets that may
/// hold unwritten bytes stay open until their file is closed, and close() sees to it that HDF5 can write them
/// somewhere.
struct OpenFile {
  std::string path;
  hid_t id = H5I_INVALID_HID;

  Error failure(const std::string& problem, std::string_view why, const Rule& rule) const {
    return {ErrorClass::io, "HDF5 file '" + path + "': cannot " + problem + ": " + std::string(why),
            rule.rule, rule.action};
  }

  /// A call's result, or its failure as an Error.
  template <class Result>
  Result check(Result result, const std::string& problem, const Rule& rule) const {
    if (result < 0) throw failure(problem, reason(), rule);
    return result;
  }

  /// The same for a call that writes.
  template <class Result>
  Result wrote(Result result, const std::string& problem) const {
    return check(result, problem, kWriting);
  }

  void close() {
    if (id < 0) return;
    const Quiet quiet;
    const bool written = H5Fflush(id, H5F_SCOPE_LOCAL) >= 0;
    const Error error = failure("write the data", reason(), kWriting);
    if (!written) {
      redirect_to_memory();
      H5Fflush(id, H5F_SCOPE_LOCAL);  // fails only on the flag "flushing" that the failed one left; clears it
    }
    const bool closed = H5Fclose(std::exchange(id, H5I_INVALID_HID)) >= 0;
    if (!written || !closed) throw error;
  }

 private:
  /// From here on HDF5 writes to memory that nobody sees.
  void redirect_to_memory() const {
    void* descriptor = nullptr;
    const int memory = ::memfd_create("pliant", MFD_CLOEXEC);
    if (memory < 0) return;
    if (H5Fget_vfd_handle(id, H5P_DEFAULT, &descriptor) >= 0) ::dup2(memory, *static_cast<int*>(descriptor));
    ::close(memory);
  }
};

}  // namespace pliant::hdf5
