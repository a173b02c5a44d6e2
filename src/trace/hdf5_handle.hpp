// The private parts of hdf5_file.cpp and hdf5_create.cpp: RAII identifiers, muting of HDF5's messages, and
// the reasons of failures. No other file includes this.
#pragma once

#include <hdf5.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "trace/file_claim.hpp"
#include "trace/hdf5_file.hpp"

namespace pliant::hdf5 {

/// During its lifetime, HDF5 prints nothing from this thread (HDF5 keeps the setting per thread).
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

/// An HDF5 identifier of any kind except a file.
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
  return 1;  // the first one is the innermost, so stop here
}

/// Why the last HDF5 call failed: the system's message if there is one, else HDF5's innermost message.
inline std::string reason() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_description, &text);
  constexpr std::string_view kMark = "error message = '";
  const std::size_t begin = text.find(kMark);
  if (begin == std::string::npos) return text.empty() ? "HDF5 gave no reason" : text;
  const std::size_t end = text.find('\'', begin + kMark.size());
  std::string system = text.substr(begin + kMark.size(), end - begin - kMark.size());
  if (text.find("lock") == std::string::npos) return system;
  if (system == std::strerror(EAGAIN)) return "another program writes it, or has it open";
  return "no file lock: " + system + "; HDF5_USE_FILE_LOCKING=FALSE does without";
}

/// Second half of a message: the condition for an access to succeed, and what to do.
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
inline constexpr Rule kLibraryOpen{"H5close closes all files of a program, Pliant's too",
                                   "Call it after MPI_Finalize, or not at all"};
inline constexpr Rule kReading{"it must be there, undamaged, and of the kind that Pliant writes",
                               "Check where the file comes from, or choose another"};

inline Error failure(const std::string& path, const std::string& problem, std::string_view why,
                     const Rule& rule) {
  return {ErrorClass::io, "HDF5 file '" + path + "': cannot " + problem + ": " + std::string(why), rule.rule,
          rule.action};
}

inline Handle file_access() {
  Handle access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);  // closing the file leaves nothing of it open
  return access;
}

/// File access for which HDF5 takes no lock, unless HDF5_USE_FILE_LOCKING demands one.
inline Handle file_access_without_lock() {
  Handle access = file_access();
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 12, 0))
  H5Pset_file_locking(access.get(), 0, 0);
#endif
  return access;
}

/// Detects H5close, which closes every file and reuses identifiers: an old one may then name another object
/// of the program. HDF5 closes property lists last, and calls their class when it does.
class LibraryWatch {
 public:
  LibraryWatch() {
    const hid_t watching =
        H5Pcreate_class(H5P_ROOT, "pliant: H5close", nullptr, nullptr, nullptr, nullptr, on_close, &closed_);
    list_ = H5Pcreate(watching);
    H5Pclose_class(watching);
  }
  LibraryWatch(const LibraryWatch&) = delete;
  LibraryWatch& operator=(const LibraryWatch&) = delete;
  ~LibraryWatch() {
    if (!closed_ && list_ >= 0) H5Pclose(list_);
  }
  bool closed() const { return closed_; }

 private:
  static herr_t on_close(hid_t, void* closed) {
    *static_cast<std::atomic<bool>*>(closed) = true;
    return 0;
  }

  std::atomic<bool> closed_ = false;
  hid_t list_ = H5I_INVALID_HID;
};

/// An open file: its identifier, and its path for messages.
///
/// If an H5Fclose or H5Dclose fails, HDF5 1.10 crashes when the program exits. So datasets that may hold
/// unwritten bytes stay open until their file is closed, and close() makes sure that HDF5 can write them
/// somewhere.
struct OpenFile {
  std::string path;
  hid_t id =
      H5I_INVALID_HID;  ///< for calls: usable_id(). Set when the watch is there: it clears HDF5's errors
  std::unique_ptr<LibraryWatch> watch = std::make_unique<LibraryWatch>();

  /// Returns the identifier. Throws after H5close.
  hid_t usable_id() const {
    if (watch->closed()) throw failure("use it", "the program has closed HDF5", kLibraryOpen);
    return id;
  }

  Error failure(const std::string& problem, std::string_view why, const Rule& rule) const {
    return hdf5::failure(path, problem, why, rule);
  }

  /// Returns a call's result, or throws its failure as an Error.
  template <class Result>
  Result check(Result result, const std::string& problem, const Rule& rule) const {
    if (result < 0) throw failure(problem, reason(), rule);
    return result;
  }

  /// Like check(), for a call that writes.
  template <class Result>
  Result wrote(Result result, const std::string& problem) const {
    return check(result, problem, kWriting);
  }

  void close() {
    if (id < 0) return;
    if (watch->closed()) id = H5I_INVALID_HID;
    usable_id();
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
  /// From here on HDF5 writes to anonymous memory, which is then discarded.
  void redirect_to_memory() const {
    void* descriptor = nullptr;
    const int memory = ::memfd_create("pliant", MFD_CLOEXEC);
    if (memory < 0) return;
    if (H5Fget_vfd_handle(id, H5P_DEFAULT, &descriptor) >= 0) ::dup2(memory, *static_cast<int*>(descriptor));
    ::close(memory);
  }
};

}  // namespace pliant::hdf5

namespace pliant {

struct Hdf5File::Impl : hdf5::OpenFile {
  std::string passed_over;
  std::string replaces;          ///< the final path, for commit(); empty for other files
  std::optional<HeldFile> held;  ///< keeps the name of such a file after HDF5 has closed it

  explicit Impl(OpenFile file) : OpenFile(std::move(file)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  hid_t make_dataset(const std::string& name, hid_t type, hid_t space, hid_t layout);
  std::size_t length(hid_t dataset, std::size_t element_bytes, const std::string& what) const;
};

}  // namespace pliant
