namespace Dfss.Testing;

/// <summary>In what a fake engine differs from one that can be used.</summary>
public enum FakeS3Quirk
{
    /// <summary>In nothing.</summary>
    None,

    /// <summary>It takes the condition of a PUT and does not look at it.</summary>
    IgnoresCondition,

    /// <summary>It looks whether the object is there, and writes later.</summary>
    ChecksBeforeItWrites,

    /// <summary>A new object is missing from the first listing after it was written.</summary>
    ListsLate,

    /// <summary>The tags of its objects are no MD5, as those of engines that encrypt.</summary>
    OddTags,
}
