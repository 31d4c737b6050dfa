//! Node.js binding of MPI's messages: bytes between two processes, and the end of the job. The sums are made in
//! TypeScript, the same for every network.

mod post;

use napi::bindgen_prelude::{Buffer, Object, Uint8Array};
use napi::{Env, Error, JsDeferred, Result};
use napi_derive::napi;
use post::Job;
use std::sync::mpsc::{channel, Sender};
use std::sync::{Mutex, OnceLock};
use std::thread;

/// What settles a promise: the bytes that came; none for a message that was sent.
type Bytes = Box<dyn FnOnce(Env) -> Result<Buffer> + Send>;
type Promise = JsDeferred<Buffer, Bytes>;

/// The jobs of the one thread that calls MPI.
static JOBS: OnceLock<Mutex<Sender<Job>>> = OnceLock::new();

/// The place of this process in its job.
#[napi(object)]
pub struct Place {
    pub rank: i32,
    pub size: i32,
}

/// Joins the MPI job of this process; alone where it was not started by MPI. Once in a process.
#[napi]
pub fn init() -> Result<Place> {
    let (jobs, inbox) = channel();
    if JOBS.set(Mutex::new(jobs)).is_err() {
        return Err(Error::from_reason("this process has joined already"));
    }
    let (tell, told) = channel();
    thread::Builder::new()
        .name("mpi".into())
        .spawn(move || post::serve(&inbox, &tell))
        .map_err(|e| Error::from_reason(e.to_string()))?;
    let (rank, size) =
        told.recv().map_err(|_| Error::from_reason("the thread of MPI ended"))?.map_err(Error::from_reason)?;
    Ok(Place { rank, size })
}

/// Sends a copy of `bytes`.
#[napi(ts_return_type = "Promise<unknown>")]
pub fn send(env: &Env, to: i32, bytes: Uint8Array) -> Result<Object<'_>> {
    let bytes = bytes.to_vec();
    promised(env, |done| Job::Send { to, bytes, done })
}

/// The next message of a process.
#[napi(ts_return_type = "Promise<Buffer>")]
pub fn receive(env: &Env, from: i32) -> Result<Object<'_>> {
    promised(env, |done| Job::Receive { from, done })
}

/// Ends all processes of the job.
#[napi]
pub fn abort(code: i32) -> Result<()> {
    give(Job::Abort(code))
}

/// Leaves the job, once every process has called it: `MPI_Finalize`.
#[napi]
pub fn finish() -> Result<()> {
    let (tell, told) = channel();
    give(Job::Finish(tell))?;
    told.recv().map_err(|_| Error::from_reason("the thread of MPI ended"))
}

fn promised<'env>(env: &'env Env, job: impl FnOnce(Promise) -> Job) -> Result<Object<'env>> {
    let (done, promise) = env.create_deferred()?;
    give(job(done))?;
    Ok(promise)
}

fn give(job: Job) -> Result<()> {
    let jobs = JOBS.get().ok_or_else(|| Error::from_reason("init was not called"))?;
    let sender = jobs.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    sender.send(job).map_err(|_| Error::from_reason("this process has left its job"))
}
