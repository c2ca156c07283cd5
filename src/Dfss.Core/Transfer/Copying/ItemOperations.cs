namespace Dfss.Transfer;

/// <summary>
/// The calls between the two sides of a copy. Both sides run the same build: the client brings the other side's code
/// along. So this is no protocol for other programs, and has no versions.
/// </summary>
internal static class ItemOperations
{
    public const string Listen = "item_listen";
    public const string List = "item_list";
    public const string Next = "item_next";
    public const string OpenSource = "item_open_source";
    public const string Read = "item_read";
    public const string HashSource = "item_hash_source";
    public const string Finish = "item_finish";
    public const string Look = "item_look";
    public const string MakeFolder = "item_make_folder";
    public const string Put = "item_put";
    public const string OpenTarget = "item_open_target";
    public const string HashTarget = "item_hash_target";
    public const string Write = "item_write";
    public const string Commit = "item_commit";
    public const string Close = "item_close";
}
