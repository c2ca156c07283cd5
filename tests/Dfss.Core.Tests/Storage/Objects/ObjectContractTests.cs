using Dfss.Records;
using Dfss.Storage;

namespace Dfss.Tests.Storage.Objects;

public sealed class MemoryObjectsTests : ObjectStoreContract
{
    private ObjectEngine? engine;

    public override ValueTask DisposeAsync() => engine?.DisposeAsync() ?? ValueTask.CompletedTask;

    private protected override Task<IObjectStore> OpenAsync()
    {
        engine = ObjectEngine.InMemory();
        return Task.FromResult<IObjectStore>(engine.Connect());
    }
}

public sealed class MemoryObjectChunkStoreTests : ChunkStoreContract
{
    private ObjectEngine? engine;

    public override ValueTask DisposeAsync() => engine?.DisposeAsync() ?? ValueTask.CompletedTask;

    private protected override Task<IChunkStore> OpenAsync()
    {
        engine = ObjectEngine.InMemory();
        return Task.FromResult<IChunkStore>(engine.OpenPeer().Chunks);
    }
}

public sealed class MemoryObjectRecordStoreTests : RecordStoreContract
{
    private ObjectEngine? engine;

    public override ValueTask DisposeAsync() => engine?.DisposeAsync() ?? ValueTask.CompletedTask;

    private protected override Task<(IRecordStore Records, IChunkStore Chunks)> OpenAsync()
    {
        engine = ObjectEngine.InMemory();
        (IRecordStore records, ObjectChunkStore chunks) = engine.OpenPeer();
        return Task.FromResult<(IRecordStore Records, IChunkStore Chunks)>((records, chunks));
    }
}

public sealed class FakeS3ObjectsTests : ObjectStoreContract
{
    private ObjectEngine? engine;

    public override ValueTask DisposeAsync() => engine?.DisposeAsync() ?? ValueTask.CompletedTask;

    private protected override Task<IObjectStore> OpenAsync()
    {
        engine = ObjectEngine.OnFake();
        return Task.FromResult<IObjectStore>(engine.Connect());
    }
}

public sealed class FakeS3ObjectChunkStoreTests : ChunkStoreContract
{
    private ObjectEngine? engine;

    public override ValueTask DisposeAsync() => engine?.DisposeAsync() ?? ValueTask.CompletedTask;

    private protected override Task<IChunkStore> OpenAsync()
    {
        engine = ObjectEngine.OnFake();
        return Task.FromResult<IChunkStore>(engine.OpenPeer().Chunks);
    }
}

public sealed class FakeS3ObjectRecordStoreTests : RecordStoreContract
{
    private ObjectEngine? engine;

    public override ValueTask DisposeAsync() => engine?.DisposeAsync() ?? ValueTask.CompletedTask;

    private protected override Task<(IRecordStore Records, IChunkStore Chunks)> OpenAsync()
    {
        engine = ObjectEngine.OnFake();
        (IRecordStore records, ObjectChunkStore chunks) = engine.OpenPeer();
        return Task.FromResult<(IRecordStore Records, IChunkStore Chunks)>((records, chunks));
    }
}

public sealed class RealEngineObjectsTests : ObjectStoreContract
{
    private ObjectEngine? engine;

    public override ValueTask DisposeAsync() => engine?.DisposeAsync() ?? ValueTask.CompletedTask;

    private protected override async Task<IObjectStore> OpenAsync()
    {
        engine = await ObjectEngine.OnRealAsync();
        return engine.Connect();
    }
}

public sealed class RealEngineObjectChunkStoreTests : ChunkStoreContract
{
    private ObjectEngine? engine;

    public override ValueTask DisposeAsync() => engine?.DisposeAsync() ?? ValueTask.CompletedTask;

    private protected override async Task<IChunkStore> OpenAsync()
    {
        engine = await ObjectEngine.OnRealAsync();
        return engine.OpenPeer().Chunks;
    }
}

public sealed class RealEngineObjectRecordStoreTests : RecordStoreContract
{
    private ObjectEngine? engine;

    public override ValueTask DisposeAsync() => engine?.DisposeAsync() ?? ValueTask.CompletedTask;

    private protected override async Task<(IRecordStore Records, IChunkStore Chunks)> OpenAsync()
    {
        engine = await ObjectEngine.OnRealAsync();
        (IRecordStore records, ObjectChunkStore chunks) = engine.OpenPeer();
        return (records, chunks);
    }
}
