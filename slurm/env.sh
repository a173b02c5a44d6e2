# shellcheck shell=bash
# Shared by the job scripts, which source it; README.md describes it and every setting.
# Settings have no PLIANT_ prefix: the library warns of PLIANT_ names that it does not know.

# fail PROBLEM RULE ACTION: one sentence, and the job ends.
fail() {
  echo "${SLURM_JOB_NAME:-pliant}: $1 ($2). $3" >&2
  exit 1
}

# Files of a site (a .bashrc, conda) read unset variables, and commands in them fail without harm.
if [[ -n ${SETUP_FILE:-} ]]; then
  [[ -r $SETUP_FILE ]] || fail "SETUP_FILE = $SETUP_FILE cannot be read" "it must be a shell file that every node sees" \
    "Correct the path, or unset it"
  set +eu
  # shellcheck source=/dev/null
  source "$SETUP_FILE"
  set -euo pipefail
fi

# An installed copy of this file is in PREFIX/share/pliant/slurm.
if [[ -z ${INSTALL_PREFIX:-} ]]; then
  INSTALL_PREFIX=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
  [[ -x $INSTALL_PREFIX/bin/pliant_info ]] || INSTALL_PREFIX=
fi
[[ -z $INSTALL_PREFIX ]] || PATH=$INSTALL_PREFIX/bin:$PATH

# Every task of an array, and every start of a requeued job, has a folder of its own.
JOB_ID=${SLURM_JOB_ID:-0}
[[ -z ${SLURM_ARRAY_TASK_ID:-} ]] || JOB_ID=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
if [[ -z ${RESULT_DIR:-} ]]; then
  RESULT_DIR=${SLURM_SUBMIT_DIR:-.}/${SLURM_JOB_NAME:-pliant}-$JOB_ID
elif [[ -n ${SLURM_ARRAY_TASK_ID:-} ]]; then
  RESULT_DIR=$RESULT_DIR/task-$SLURM_ARRAY_TASK_ID
fi
((${SLURM_RESTART_COUNT:-0} == 0)) || RESULT_DIR=$RESULT_DIR/restart-$SLURM_RESTART_COUNT
mkdir -p "$RESULT_DIR"

SRUN_MPI=${SRUN_MPI:-pmix}
DEVICE=${DEVICE:-host}
[[ -z ${SLURM_ARRAY_TASK_ID:-} ]] || SEED=$((${SEED:-0} + SLURM_ARRAY_TASK_ID))
SEED=${SEED:-1}

# Since Slurm 22.05 srun does not take --cpus-per-task from the job.
export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}
export OMP_NUM_THREADS=$SRUN_CPUS_PER_TASK

# new_results NAME...: refuses to write over the results of another job.
new_results() {
  local name
  for name in "$@"; do
    [[ ! -e $RESULT_DIR/$name ]] || fail "RESULT_DIR = $RESULT_DIR has a $name already" \
      "a job must not overwrite results" "Set RESULT_DIR to a new folder"
  done
}

# describe_job SETTING...: writes what is needed to repeat the run into the result folder.
describe_job() {
  local name
  {
    date --iso-8601=seconds
    echo "# Settings"
    for name in INSTALL_PREFIX RESULT_DIR SETUP_FILE SRUN_MPI DEVICE SEED "$@"; do
      echo "$name=${!name:-}"
    done
    echo "# Slurm"
    scontrol show job "$JOB_ID" || true
    echo "# Environment"
    env | grep -E '^(PLIANT|SLURM|SRUN|PMIX|OMPI|OMP|UCX|CUDA|NCCL|LOADEDMODULES)' | sort || true
    echo "# pliant_info"
    pliant_info || true
  } >>"$RESULT_DIR/job.txt" 2>&1
}

# seconds_left: until the job's time limit; nothing where it has none.
seconds_left() {
  local described end
  described=$(scontrol show job "$JOB_ID" 2>/dev/null) || return 0
  [[ $described =~ EndTime=([0-9T:-]+) ]] || return 0
  end=$(date --date="${BASH_REMATCH[1]}" +%s) || return 0
  echo $((end - $(date +%s)))
}

# start PROGRAM ARGUMENTS...: runs every task of the job, bound to its cores.
start() {
  local program types status=0
  program=$(command -v "$1") || fail "there is no $1 on PATH" \
    "programs are taken from INSTALL_PREFIX/bin, INSTALL_PREFIX = '$INSTALL_PREFIX', and then from PATH" \
    "Set INSTALL_PREFIX to the folder where Pliant is installed"
  command -v srun >/dev/null || fail "there is no srun on PATH" "it starts the tasks" "Load your site's Slurm in SETUP_FILE"
  types=$(srun --mpi=list 2>&1 | tr -s '\n\t ' ' ') || true
  [[ " $types " == *" $SRUN_MPI "* ]] || fail "SRUN_MPI = $SRUN_MPI is no MPI type of this Slurm" \
    "srun --mpi=list says: ${types% }" "Set SRUN_MPI to the type that your MPI library was built for"
  # The programs get the whole environment of this script, even if sbatch --export left most of it out.
  srun --export=ALL "--mpi=$SRUN_MPI" --cpu-bind=cores --kill-on-bad-exit=1 "$program" "${@:2}" || status=$?
  ((status == 0)) || fail "$1 ended with status $status" \
    "SRUN_MPI = $SRUN_MPI; srun --mpi=list says: ${types% }" "Read what stands above"
}
