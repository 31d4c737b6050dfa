//! The thread that calls MPI.

use crate::Promise;
use mpi::environment::Threading;
use mpi::request;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Destination, MatchedReceiveVec, Source};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread;
use std::time::Duration;

/// What JavaScript asks for.
pub enum Job {
    Send { to: i32, bytes: Vec<u8>, done: Promise },
    Receive { from: i32, done: Promise },
    Abort(i32),
    Finish(Sender<()>),
}

/// The tag of all messages: those of two processes arrive in order.
const TAG: i32 = 1;
/// MPI sends on what it has buffered only while it is called.
const IDLE: Duration = Duration::from_millis(1);
/// Looks for a message before the thread sleeps between two looks: what is awaited is mostly on its way.
const EAGER: u32 = 500;
const NAP: Duration = Duration::from_micros(50);

/// Does the jobs until the last one; tells rank and size first.
pub fn serve(jobs: &Receiver<Job>, place: &Sender<Result<(i32, i32), String>>) {
    let Some((universe, provided)) = mpi::initialize_with_threading(Threading::Funneled) else {
        return drop(place.send(Err("MPI was initialised before".into())));
    };
    if provided < Threading::Funneled {
        return drop(place.send(Err("this MPI cannot be called from a thread".into())));
    }
    let world = universe.world();
    let size = world.size();
    let receives = (0..size).map(|_| VecDeque::new()).collect();
    let mut post = Post { jobs, world, receives, sends: VecDeque::new(), finish: None };
    if place.send(Ok((post.world.rank(), size))).is_err() {
        return;
    }
    let finish = post.run();
    // MPI_Finalize waits for the other processes.
    drop(post);
    drop(universe);
    if let Some(told) = finish {
        let _ = told.send(());
    }
}

struct Post<'a> {
    jobs: &'a Receiver<Job>,
    world: SimpleCommunicator,
    /// Who waits for a message of each process.
    receives: Vec<VecDeque<Promise>>,
    sends: VecDeque<(i32, Vec<u8>, Promise)>,
    finish: Option<Sender<()>>,
}

impl Post<'_> {
    /// Works until JavaScript leaves; returns whom to tell.
    fn run(&mut self) -> Option<Sender<()>> {
        let mut looks = 0;
        loop {
            self.take_jobs();
            let busy = self.send_next() || self.receive();
            looks = if busy { 0 } else { looks + 1 };
            if self.receives.iter().any(|waiting| !waiting.is_empty()) {
                rest(looks);
            } else if self.sends.is_empty() {
                if self.finish.is_some() {
                    return self.finish.take();
                }
                let _ = self.world.any_process().immediate_probe();
                match self.jobs.recv_timeout(IDLE) {
                    Ok(job) => self.take(job),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return None,
                }
                looks = 0;
            }
        }
    }

    fn take_jobs(&mut self) {
        loop {
            match self.jobs.try_recv() {
                Ok(job) => self.take(job),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
            }
        }
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Send { to, bytes, done } if self.is_rank(to) => self.sends.push_back((to, bytes, done)),
            Job::Receive { from, done } if self.is_rank(from) => self.receives[from as usize].push_back(done),
            Job::Send { done, .. } | Job::Receive { done, .. } => {
                done.reject(napi::Error::from_reason("there is no such rank"));
            }
            Job::Abort(code) => self.world.abort(code),
            Job::Finish(told) => self.finish = Some(told),
        }
    }

    fn is_rank(&self, rank: i32) -> bool {
        rank >= 0 && (rank as usize) < self.receives.len()
    }

    /// Sends one message, and receives what comes meanwhile, so that two processes can send to each other. Whether
    /// there was one.
    fn send_next(&mut self) -> bool {
        let Some((to, bytes, done)) = self.sends.pop_front() else { return false };
        request::scope(|scope| {
            let mut sending = self.world.process_at_rank(to).immediate_send_with_tag(scope, &bytes[..], TAG);
            let mut looks = 0;
            while let Err(unfinished) = sending.test() {
                sending = unfinished;
                self.take_jobs();
                looks = if self.receive() { 0 } else { looks + 1 };
                rest(looks);
            }
        });
        done.resolve(Box::new(|_| Ok(Vec::new().into())));
        true
    }

    /// Receives what has come and is waited for; whether there was something.
    fn receive(&mut self) -> bool {
        let mut any = false;
        for (from, waiting) in self.receives.iter_mut().enumerate() {
            while !waiting.is_empty() {
                let peer = self.world.process_at_rank(from as i32);
                let Some(message) = peer.immediate_matched_probe_with_tag(TAG) else { break };
                let (bytes, _) = message.matched_receive_vec::<u8>();
                if let Some(done) = waiting.pop_front() {
                    done.resolve(Box::new(move |_| Ok(bytes.into())));
                }
                any = true;
            }
        }
        any
    }
}

/// Lets other threads run; after some looks in vain for longer.
fn rest(looks: u32) {
    if looks < EAGER {
        thread::yield_now();
    } else {
        thread::sleep(NAP);
    }
}
