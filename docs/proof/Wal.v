(** The write-ahead log under page cache, power loss, kill -9, torn writes and
    failed fsync.  It gives the atomic append that Protocol.v takes for granted:

      acknowledged records  <=  recovered records  <=  appended records   (prefixes)

    A cell is one log record slot: Some r = parses, checksum right; None = empty or
    torn or rotten.  Checksum assumption, built in: a torn write of r over o reads
    back as o, as r, or as None.

    A record says how many records its writer knew to be synced when it wrote it.
    Whoever can read it knows from that alone that so many are on the medium; all
    that comes after those can be read, and may yet be lost. *)

From Coq Require Import List Arith Lia PeanoNat.
Import ListNotations.
Set Implicit Arguments.

Section Wal.
Variable Rec : Type.
Variable synced_before : Rec -> nat.     (* what a record says of those before it *)
Definition cells := nat -> option Rec.
Definition upd {A} (f : nat -> A) k v := fun i => if Nat.eqb i k then v else f i.

Inductive mode :=
| Down                                   (* no process *)
| Scanned (k : nat)                      (* recovery has read k records, not yet usable *)
| Up (len synced : nat).                 (* running: appended, known durable *)

Record S := { dsk : cells;               (* on the medium *)
              cch : cells;               (* page cache = what read(2) returns *)
              dirty : nat -> bool;       (* kernel believes cache differs from medium *)
              md : mode;
              hist : list Rec;           (* ghost: records appended in this lineage *)
              alog : list Rec }.         (* ghost: records acknowledged to the world *)

Definition s0 := {| dsk := fun _ => None; cch := fun _ => None; dirty := fun _ => false;
                    md := Down; hist := []; alog := [] |}.

(** k is the length of the readable prefix *)
Definition prefix_len (c : cells) k := (forall i, i < k -> c i <> None) /\ c k = None.

(** a record among the first k says that b records were synced before it *)
Definition proven (c : cells) k b :=
  b = 0 \/ exists i r, i < k /\ c i = Some r /\ b <= synced_before r.

Inductive step (s t : S) : Prop :=
| Append : forall r n y, md s = Up n y -> synced_before r <= y ->
    t = {| dsk := dsk s; cch := upd (cch s) n (Some r); dirty := upd (dirty s) n true;
           md := Up (1 + n) y; hist := hist s ++ [r]; alog := alog s |} -> step s t
(* the kernel writes back any page at any time *)
| WriteBack : forall i, dirty s i = true ->
    t = {| dsk := upd (dsk s) i (cch s i); cch := cch s; dirty := upd (dirty s) i false;
           md := md s; hist := hist s; alog := alog s |} -> step s t
(* fsync returned 0: every page the kernel believes dirty is on the medium *)
| SyncOk : forall n y, md s = Up n y ->
    t = {| dsk := fun i => if dirty s i then cch s i else dsk s i; cch := cch s;
           dirty := fun _ => false; md := Up n n; hist := hist s; alog := alog s |} -> step s t
(* fsync returned EIO: pages may be marked clean without being written (Linux).
   Rule 1: the process dies; it never retries. *)
| SyncEio : forall n y dk db, md s = Up n y ->
    (forall i, dk i = dsk s i \/ (dirty s i = true /\ (dk i = cch s i \/
                                        (dk i = None /\ dsk s i <> cch s i)))) ->
    t = {| dsk := dk; cch := cch s; dirty := db; md := Down; hist := hist s; alog := alog s |} ->
    step s t
(* acknowledge, only what is known durable *)
| Ack : forall n y, md s = Up n y ->
    t = {| dsk := dsk s; cch := cch s; dirty := dirty s; md := md s; hist := hist s;
           alog := firstn y (hist s) |} -> step s t
(* kill -9: the page cache survives *)
| Kill : t = {| dsk := dsk s; cch := cch s; dirty := dirty s; md := Down; hist := hist s;
                alog := alog s |} -> step s t
(* power loss: each unsynced cell is old, new or torn, independently *)
| Power : forall c,
    (forall i, c i = dsk s i \/ (c i = cch s i /\ dirty s i = true) \/
               (dirty s i = true /\ c i = None /\ dsk s i <> cch s i)) ->
    t = {| dsk := c; cch := c; dirty := fun _ => false; md := Down; hist := hist s;
           alog := alog s |} -> step s t
(* eviction of a page the kernel believes clean: read(2) sees the medium again *)
| Evict : forall i, dirty s i = false ->
    t = {| dsk := dsk s; cch := upd (cch s) i (dsk s i); dirty := dirty s; md := md s;
           hist := hist s; alog := alog s |} -> step s t
(* recovery reads, cuts the tail, and (rule 2) REWRITES what it kept and no record
   proves to be on the medium: dirty again *)
| Scan : forall k b, md s = Down -> prefix_len (cch s) k -> proven (cch s) k b ->
    t = {| dsk := dsk s; cch := fun i => if Nat.ltb i k then cch s i else None;
           dirty := fun i => if Nat.ltb i b then dirty s i else true; md := Scanned k; hist := hist s; alog := alog s |} ->
    step s t
(* rule 3: usable only after that rewrite has been synced *)
| Open : forall k, md s = Scanned k ->
    t = {| dsk := fun i => if dirty s i then cch s i else dsk s i; cch := cch s;
           dirty := fun _ => false; md := Up k k; hist := firstn k (hist s);
           alog := alog s |} -> step s t.

Definition agree (c : cells) (h : list Rec) :=
  forall i r, c i = Some r -> nth_error h i = Some r.
Definition holds (c : cells) (a : list Rec) :=
  forall i r, nth_error a i = Some r -> c i = Some r.

Record J (s : S) : Prop := {
  j_ad : holds (dsk s) (alog s);                 (* acked is on the medium *)
  j_ac : holds (cch s) (alog s);                 (* acked is readable *)
  j_hd : agree (dsk s) (hist s);                 (* nothing invented *)
  j_hc : agree (cch s) (hist s);
  j_len: length (alog s) <= length (hist s);
  j_bef: forall i r, nth_error (hist s) i = Some r -> synced_before r <= i /\
           forall j, j < synced_before r ->
             dsk s j = cch s j /\ cch s j = nth_error (hist s) j; (* what it says is so *)
  j_md : match md s with
         | Down => True
         | Scanned k => length (alog s) <= k /\ k <= length (hist s) /\
             (forall i, i < k -> cch s i = nth_error (hist s) i) /\
             (forall i, k <= i -> cch s i = None) /\
             (forall i, dirty s i = false -> dsk s i = cch s i)
         | Up n y => n = length (hist s) /\ y <= n /\ length (alog s) <= y /\
             (forall i, i < n -> cch s i = nth_error (hist s) i) /\
             (forall i, n <= i -> cch s i = None) /\
             (forall i, i < y -> dsk s i = cch s i) /\
             (forall i, dirty s i = false -> dsk s i = cch s i)
         end }.

Ltac eqb := match goal with |- context [Nat.eqb ?a ?b] => destruct (Nat.eqb_spec a b) end.
Lemma nth_len : forall A (l : list A) i a, nth_error l i = Some a -> i < length l.
Proof. intros. apply nth_error_Some. congruence. Qed.
Lemma nth_len_none : forall A (l : list A) i, length l <= i -> nth_error l i = None.
Proof. intros. now apply nth_error_None. Qed.
Lemma nth_snoc : forall A (l : list A) i a r, nth_error l i = Some a -> nth_error (l ++ [r]) i = Some a.
Proof. intros. rewrite nth_error_app1; eauto using nth_len. Qed.
Lemma nth_firstn : forall A (l : list A) k i, i < k -> nth_error (firstn k l) i = nth_error l i.
Proof. induction l; destruct k, i; simpl; intros; auto; try lia. apply IHl. lia. Qed.

Lemma J0 : J s0.
Proof. constructor; simpl; try (intros i r E; destruct i; discriminate); auto.
  all: intros i r E; discriminate. Qed.

Lemma J_step : forall s t, J s -> step s t -> J t.
Proof.
  intros s t I St. destruct I as [ad ac hd hc jl jb jm].
  destruct St; subst t; try (rewrite H in jm).
  all: assert (bl : forall i r, nth_error (hist s) i = Some r -> synced_before r <= i)
         by (intros i0 r0 E; apply (jb _ _ E)).
  all: assert (bd : forall i r j, nth_error (hist s) i = Some r -> j < synced_before r ->
         dsk s j = cch s j /\ cch s j = nth_error (hist s) j)
         by (intros i0 r0 j0 E; apply (jb _ _ E)).
  - (* Append *)
    destruct jm as (E & Y & A & C & N & Sy & Dr). constructor; simpl; auto.
    + intros i a Ha. unfold upd. eqb; [|now apply ac]. subst. apply nth_len in Ha. lia.
    + intros i a Ha. now apply nth_snoc, hd.
    + intros i a. unfold upd. eqb; intros Ha.
      * subst. inversion Ha; subst. now rewrite nth_error_app2, Nat.sub_diag by lia.
      * now apply nth_snoc, hc.
    + rewrite app_length. lia.
    + intros i a Ha. destruct (le_lt_dec (length (hist s)) i) as [G|G].
      * rewrite nth_error_app2 in Ha by lia. pose proof (nth_len _ _ Ha) as Hl. simpl in Hl.
        replace (i - length (hist s)) with 0 in Ha by lia. inversion Ha; subst a. split; [lia|].
        intros j Hj. unfold upd. eqb; [lia|]. rewrite nth_error_app1 by lia.
        split; [apply Sy|apply C]; lia.
      * rewrite nth_error_app1 in Ha by lia. split; [now apply bl|].
        intros j Hj. pose proof (bl _ _ Ha). unfold upd. eqb; [lia|].
        rewrite nth_error_app1 by lia. now apply (bd i a).
    + rewrite app_length; simpl. repeat split; try lia; intros i Hi; unfold upd in *.
      * eqb. { subst. now rewrite nth_error_app2, Nat.sub_diag by lia. }
        rewrite nth_error_app1 by lia. apply C. lia.
      * eqb; [lia|]. apply N. lia.
      * eqb; [lia|]. apply Sy. lia.
      * revert Hi. eqb; [discriminate|]. apply Dr.
  - (* WriteBack *)
    constructor; simpl; auto.
    + intros j a Ha. unfold upd. eqb; subst; auto.
    + intros j a. unfold upd. eqb; subst; auto.
    + intros m a Ha. split; [now apply (bl m a)|]. intros j Hj. destruct (bd m a j Ha Hj) as [E1 E2]. split; auto.
      unfold upd. eqb; subst; auto.
    + destruct (md s); auto.
      * destruct jm as (A & B & C & N & Dr). repeat split; auto.
        intros j. unfold upd. eqb; subst; auto.
      * destruct jm as (E & Y & A & C & N & Sy & Dr). repeat split; auto;
        intros j; unfold upd; eqb; subst; auto.
  - (* SyncOk *)
    destruct jm as (E & Y & A & C & N & Sy & Dr). constructor; simpl; auto.
    + intros i a Ha. destruct (dirty s i); auto.
    + intros i a. destruct (dirty s i); auto.
    + intros m a Ha. split; [now apply (bl m a)|]. intros j Hj. destruct (bd m a j Ha Hj) as [E1 E2]. split; auto.
      now destruct (dirty s j).
    + repeat split; auto; try lia; intros i Hi; destruct (dirty s i) eqn:Hd; auto.
  - (* SyncEio *)
    clear jm. constructor; simpl; auto.
    + intros i a Ha. destruct (H0 i) as [->|[_ [->|[_ Ne]]]]; auto.
      exfalso. apply Ne. rewrite (ad _ _ Ha), (ac _ _ Ha). reflexivity.
    + intros i a. destruct (H0 i) as [->|[_ [->|[-> _]]]]; auto. discriminate.
    + intros m a Ha. split; [now apply (bl m a)|]. intros j Hj. destruct (bd m a j Ha Hj) as [E1 E2]. split; auto.
      destruct (H0 j) as [->|[_ [->|[_ Ne]]]]; auto. contradiction.
  - (* Ack *)
    destruct jm as (E & Y & A & C & N & Sy & Dr). constructor; simpl; auto.
    + intros i a Ha. assert (i < y).
      { apply nth_len in Ha. rewrite firstn_length in Ha. lia. }
      rewrite nth_firstn in Ha by auto. rewrite Sy, C by lia. exact Ha.
    + intros i a Ha. assert (i < y).
      { apply nth_len in Ha. rewrite firstn_length in Ha. lia. }
      rewrite nth_firstn in Ha by auto. rewrite C by lia. exact Ha.
    + rewrite firstn_length. lia.
    + rewrite H, firstn_length. repeat split; auto; lia.
  - (* Kill *) clear jm. constructor; simpl; auto.
  - (* Power *)
    clear jm. constructor; simpl; auto.
    + intros i a Ha. destruct (H i) as [->|[[-> _]|(_ & _ & Ne)]]; auto.
      exfalso. apply Ne. rewrite (ad _ _ Ha), (ac _ _ Ha). reflexivity.
    + intros i a Ha. destruct (H i) as [->|[[-> _]|(_ & _ & Ne)]]; auto.
      exfalso. apply Ne. rewrite (ad _ _ Ha), (ac _ _ Ha). reflexivity.
    + intros i a. destruct (H i) as [->|[[-> _]|(_ & -> & _)]]; auto. discriminate.
    + intros i a. destruct (H i) as [->|[[-> _]|(_ & -> & _)]]; auto. discriminate.
    + intros m a Ha. split; [now apply (bl m a)|]. intros j Hj. destruct (bd m a j Ha Hj) as [E1 E2]. split; auto.
      destruct (H j) as [->|[[-> _]|(_ & _ & Ne)]]; congruence.
  - (* Evict *)
    constructor; simpl; auto.
    + intros j a Ha. unfold upd. eqb; subst; auto.
    + intros j a. unfold upd. eqb; subst; auto.
    + intros m a Ha. split; [now apply (bl m a)|]. intros j Hj. destruct (bd m a j Ha Hj) as [E1 E2]. 
      unfold upd. eqb; subst; split; congruence.
    + assert (U : forall Dr : (forall i, dirty s i = false -> dsk s i = cch s i),
                  forall j, upd (cch s) i (dsk s i) j = cch s j).
      { intros Dr j. unfold upd. eqb; subst; auto. }
      destruct (md s); auto.
      * destruct jm as (A & B & C & N & Dr). repeat split; auto; intros; rewrite U; auto.
      * destruct jm as (E & Y & A & C & N & Sy & Dr).
        repeat split; auto; intros; rewrite U; auto.
  - (* Scan *)
    clear jm. destruct H0 as [Pre Nil].
    assert (BK : forall i r, nth_error (hist s) i = Some r -> synced_before r <= k).
    { intros i r E. destruct (le_lt_dec (synced_before r) k); auto. exfalso.
      destruct (bd i r k E) as [_ E2]; auto. rewrite Nil in E2. symmetry in E2.
      apply nth_error_None in E2. apply nth_len in E as L. pose proof (bl _ _ E). lia. }
    assert (K1 : length (alog s) <= k).
    { destruct (le_lt_dec (length (alog s)) k); auto. exfalso.
      destruct (nth_error (alog s) k) eqn:Ek; [|apply nth_error_None in Ek; lia].
      rewrite (ac _ _ Ek) in Nil. discriminate. }
    assert (K2 : k <= length (hist s)).
    { destruct (le_lt_dec k (length (hist s))); auto. exfalso.
      assert (k - 1 < k) by lia. specialize (Pre _ H0).
      destruct (cch s (k - 1)) eqn:Ec; [|congruence].
      apply hc, nth_len in Ec. lia. }
    constructor; simpl; auto.
    + intros i a Ha. destruct (Nat.ltb_spec i k); auto. apply nth_len in Ha. lia.
    + intros i a. destruct (Nat.ltb i k); auto. discriminate.
    + intros i a Ha. split; [now apply bl|]. intros j Hj. pose proof (BK _ _ Ha).
      destruct (Nat.ltb_spec j k); [|lia]. now apply (bd i a).
    + repeat split; auto; try discriminate.
      * intros i Hi. destruct (Nat.ltb_spec i k); [|lia].
        destruct (cch s i) eqn:Ec; [|exfalso; eapply Pre; eauto]. symmetry. now apply hc.
      * intros i Hi. destruct (Nat.ltb_spec i k); [lia|reflexivity].
      * intros i Hd. destruct (Nat.ltb_spec i b); [|discriminate].
        destruct H1 as [->|(i' & r & L & E & Le)]; [lia|]. apply hc in E.
        destruct (Nat.ltb_spec i k).
        -- apply (bd i' r); [exact E|lia].
        -- pose proof (bl _ _ E). lia.
  - (* Open *)
    destruct jm as (A & B & C & N & Dr).
    assert (AG : agree (cch s) (firstn k (hist s))).
    { intros i a Ha. destruct (le_lt_dec k i); [rewrite N in Ha by auto; discriminate|].
      rewrite nth_firstn by auto. now apply hc. }
    assert (EQ : forall i, (if dirty s i then cch s i else dsk s i) = cch s i).
    { intros i. destruct (dirty s i) eqn:Hd; auto. }
    constructor; simpl; auto.
    + intros i a Ha. rewrite EQ. auto.
    + intros i a Ha. rewrite EQ in Ha. now apply AG.
    + rewrite firstn_length. lia.
    + intros i a Ha. pose proof (nth_len _ _ Ha) as L. rewrite firstn_length in L.
      rewrite nth_firstn in Ha by lia. split; [now apply bl|]. intros j Hj. pose proof (bl _ _ Ha).
      rewrite EQ, nth_firstn by lia. split; auto. now apply (bd i a).
    + rewrite firstn_length. repeat split; auto; try lia.
      intros i Hi. rewrite nth_firstn by auto. auto.
Qed.

Inductive star : S -> S -> Prop :=
| SR : forall s, star s s
| SS : forall s t u, step s t -> star t u -> star s u.

Lemma J_reach : forall s t, J s -> star s t -> J t.
Proof. induction 2; eauto using J_step. Qed.

(** Whenever the log is open, what it holds is exactly hist, which contains every
    record ever acknowledged, in order, and nothing that was not appended. *)
Theorem wal_safe : forall s n y, star s0 s -> md s = Up n y ->
  (forall i, i < n -> cch s i = nth_error (hist s) i) /\ n = length (hist s) /\
  (forall i r, nth_error (alog s) i = Some r -> nth_error (hist s) i = Some r).
Proof.
  intros s n y St E. pose proof (J_reach J0 St) as I. pose proof (j_md I) as M.
  rewrite E in M. destruct M as (L & _ & _ & C & _). repeat split; auto.
  intros i r Hr. apply (j_hc I). now apply (j_ac I).
Qed.

(** Acknowledgements are for ever. *)
Theorem ack_forever : forall s t, star s0 s -> star s t ->
  forall i r, nth_error (alog s) i = Some r -> nth_error (alog t) i = Some r.
Proof.
  intros s t S0 St. pose proof (J_reach J0 S0) as I. clear S0.
  induction St as [|s t u S1 St IH]; auto. intros i r E.
  apply IH; [eauto using J_step|]. destruct S1; subst t; simpl; auto.
  pose proof (j_md I) as M. rewrite H in M.
  destruct M as (L & Y & A & _). rewrite nth_firstn; [|apply nth_len in E; lia].
  apply (j_hc I). now apply (j_ac I).
Qed.

(** Each recovery keeps a prefix of what had been appended: a commit whose
    acknowledgement was not delivered either happened or did not. *)
Theorem recovery_is_prefix : forall s t k, star s0 s -> md s = Scanned k ->
  step s t -> md t = Up k k -> hist t = firstn k (hist s) /\ length (alog s) <= k.
Proof.
  intros s t k S0 M St Mt. pose proof (J_reach J0 S0) as I. pose proof (j_md I) as Jm.
  rewrite M in Jm. destruct Jm as (A & _).
  destruct St; subst t; simpl in *; try congruence; try discriminate.
  inversion Mt; subst. auto.
Qed.

End Wal.

(** All of them rest on nothing but the definitions above. *)
Definition theorems :=
  (wal_safe, ack_forever, recovery_is_prefix).
Print Assumptions theorems.
