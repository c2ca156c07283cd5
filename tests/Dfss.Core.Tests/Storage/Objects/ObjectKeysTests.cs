using Dfss.Storage;
using Xunit;

namespace Dfss.Tests.Storage.Objects;

public sealed class ObjectKeysTests
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Random = "00112233445566778899aabbccddeeff";

    [Fact]
    public void The_key_of_an_incarnation_leads_back_to_its_chunk()
    {
        var id = ChunkId.Parse(Id);
        Assert.Equal($"chunks/01/{Id}.{Random}", ObjectKeys.Incarnation(id, Guid.Parse(Random)));
        Assert.Equal(id, ObjectKeys.ChunkOf($"chunks/01/{Id}.{Random}"));
    }

    [Theory]
    [InlineData($"chunks/foo/chunks/01/{Id}.{Random}")]
    [InlineData($"chunks/02/{Id}.{Random}")]
    [InlineData($"chunks/{Id}.{Random}")]
    [InlineData($"quarantine/{Id}.{Random}")]
    [InlineData($"{Id}.{Random}")]
    [InlineData($"chunks/01/{Id}.{Random}0")]
    [InlineData($"chunks/01/{Id}.0112233445566778899aabbccddeeff")]
    [InlineData($"chunks/01/{Id}.0011223344556677 899aabbccddeeff")]
    [InlineData($"chunks/01/{Id}.00112233445566778899AABBCCDDEEFF")]
    [InlineData($"chunks/01/{Id}.txt")]
    [InlineData($"chunks/01/{Id}.")]
    [InlineData($"chunks/01/{Id}")]
    [InlineData("chunks/01/readme.txt")]
    public void Another_key_is_no_chunk_of_the_store(string key) => Assert.Null(ObjectKeys.ChunkOf(key));

    [Fact]
    public void Every_key_of_a_store_begins_with_a_reserved_word()
    {
        var id = ChunkId.Parse(Id);
        string[] keys =
        [
            ObjectKeys.OfName("a"), ObjectKeys.State(ObjectKeys.Collection, 1), ObjectKeys.List(Guid.Empty),
            ObjectKeys.Incarnation(id, Guid.Empty), ObjectKeys.SetAside(ObjectKeys.Incarnation(id, Guid.Empty)),
            ObjectKeys.Probes, ObjectKeys.Clock, ObjectKeys.Format,
        ];
        Assert.Equal(
            ObjectKeys.ReservedWords.Order(StringComparer.Ordinal),
            keys.Select(key => key.Split('/', '!')[0]).Order(StringComparer.Ordinal));
    }
}
