/** Owns resources in the order they were opened and closes them in reverse. */
export class Lifetime implements AsyncDisposable {
  #owned: (AsyncDisposable | Disposable)[] = [];

  own<T extends AsyncDisposable | Disposable>(resource: T): T {
    this.#owned.push(resource);
    return resource;
  }

  /** Owes `undo` when this lifetime ends. */
  defer(undo: () => Promise<void> | void): void {
    this.#owned.push({
      [Symbol.asyncDispose]: async () => {
        await undo();
      },
    });
  }

  /** Hands everything to a new owner: leaving this scope then closes nothing. */
  release(): Lifetime {
    const heir = new Lifetime();
    heir.#owned = this.#owned.splice(0);
    return heir;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const resource of this.#owned.splice(0).reverse()) {
      try {
        await close(resource);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) {
      throw new AggregateError(failures, "shutdown was not clean");
    }
  }
}

async function close(resource: AsyncDisposable | Disposable): Promise<void> {
  if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
  else resource[Symbol.dispose]();
}
